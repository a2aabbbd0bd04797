{{/* Labels, image, and what every container of this program has in common. */}}
{{- define "cds.labels" -}}
app.kubernetes.io/name: cds-service
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "cds.selector" -}}
app.kubernetes.io/name: cds-service
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "cds.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "cds.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "cds.container" -}}
image: {{ include "cds.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
envFrom:
  - secretRef: {name: {{ .Values.settingsSecret }}}
env:
  - {name: CDS_PUBLIC_BASE_URL, value: {{ required "publicBaseUrl is needed: tokens name it" .Values.publicBaseUrl | quote }}}
  - {name: CDS_SITE_FILE, value: /etc/cds/site.toml}
  - {name: CDS_WORKERS, value: {{ .Values.workers | quote }}}
  - {name: CDS_ADDRESS_CALLS_PER_SECOND, value: "0"}  # every call has the ingress controller's address
{{- range $name, $value := .Values.settings }}
  - {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "cds.mounts" -}}
- {name: site, mountPath: /etc/cds, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "cds.volumes" -}}
- name: site
  secret: {secretName: {{ .Values.siteSecret }}, defaultMode: 0440}
- name: tmp
  emptyDir: {medium: Memory, sizeLimit: 64Mi}
{{- end }}

{{/* One job that runs a command of this program: (dict "root" $ "name" ... "command" list "resources" ... "claim" ...). */}}
{{- define "cds.job" -}}
restartPolicy: Never
{{ include "cds.pod" .root }}
containers:
  - name: {{ .name }}
{{ include "cds.container" .root | replace (printf "image: %s" (include "cds.image" .root)) (printf "image: %s" (.image | default (include "cds.image" .root))) | indent 4 }}
    args: {{ .command | toJson }}
    resources: {{ .resources | toJson }}
    volumeMounts:
{{ include "cds.mounts" .root | indent 6 }}
{{- if .claim }}
      - {name: state, mountPath: /var/lib/cds}
{{- end }}
volumes:
{{ include "cds.volumes" .root | indent 2 }}
{{- if .claim }}
  - name: state
    persistentVolumeClaim: {claimName: {{ .claim }}}
{{- end }}
{{- end }}
