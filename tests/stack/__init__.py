"""A hospital's stack on this computer, restarted, renewed, cut off and failed over under calls: nothing lost or doubled."""
