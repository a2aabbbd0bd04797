"""People who sign in to our pages with an account of the EHR or of the hospital's identity provider.

OAuth 2 authorization code flow with PKCE and OpenID Connect, by Authlib. We keep no user and no password.
"""
