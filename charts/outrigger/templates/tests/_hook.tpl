{{/* Annotations of what exists only while `helm test` runs. Of the weight, by which the rights come before the pod. */}}
{{- define "outrigger.testHook" -}}
helm.sh/hook: test
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
{{- end }}
