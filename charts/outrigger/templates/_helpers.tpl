{{- define "outrigger.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* What all names begin with: the release's name, which says "outrigger" already where it is called as the chart is.
Short enough for what is appended to it. */}}
{{- define "outrigger.fullname" -}}
{{- $name := include "outrigger.name" . }}
{{- $full := printf "%s-%s" .Release.Name $name }}
{{- if contains $name .Release.Name }}
{{- $full = .Release.Name }}
{{- end }}
{{- .Values.fullnameOverride | default $full | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "outrigger.operator" -}}
{{ include "outrigger.fullname" . }}-operator
{{- end }}

{{- define "outrigger.check" -}}
{{ include "outrigger.fullname" . }}-check
{{- end }}

{{- define "outrigger.injection" -}}
{{ include "outrigger.fullname" . }}-injection
{{- end }}

{{- define "outrigger.injector" -}}
{{ include "outrigger.fullname" . }}-injector
{{- end }}

{{- define "outrigger.identity" -}}
{{ .Values.identity.existingSecret | default (printf "%s-identity" (include "outrigger.fullname" .)) }}
{{- end }}

{{/* The name that sidecars and the API server dial, and the operator has in its certificate. */}}
{{- define "outrigger.servingName" -}}
{{ include "outrigger.operator" . }}.{{ .Release.Namespace }}.svc
{{- end }}

{{- define "outrigger.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "outrigger.address" -}}
{{- if eq .Values.bindAddress "::" -}}
[::]
{{- else -}}
{{ .Values.bindAddress }}
{{- end }}
{{- end }}

{{/* What tells one component's pods of one release from all others; never changes. Of a dict with root, component. */}}
{{- define "outrigger.selectorLabels" -}}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/name: {{ include "outrigger.name" .root }}
{{- end }}

{{/* Of every object. Of a dict with root, component and, where there are some, more labels. */}}
{{- define "outrigger.labels" -}}
{{- $own := include "outrigger.selectorLabels" . | fromYaml }}
{{- $_ := set $own "app.kubernetes.io/managed-by" .root.Release.Service }}
{{- $_ := set $own "app.kubernetes.io/part-of" "outrigger" }}
{{- $_ := set $own "app.kubernetes.io/version" .root.Chart.AppVersion }}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .root.Chart.Name (.root.Chart.Version | replace "+" "_")) }}
{{- merge $own (.more | default dict) .root.Values.commonLabels | toYaml }}
{{- end }}

{{/* What both kinds of pods have in common. */}}
{{- define "outrigger.podSettings" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "outrigger.containerSecurityContext" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
readOnlyRootFilesystem: true
{{- end }}
