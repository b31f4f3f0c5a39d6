{{- define "ltp.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "ltp.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "ltp.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "ltp.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "ltp.selector" -}}
app.kubernetes.io/name: {{ include "ltp.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ltp.labels" -}}
{{ include "ltp.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "ltp.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}

{{- define "ltp.claim" -}}
{{ .Values.persistence.existingClaim | default (printf "%s-data" (include "ltp.fullname" .)) }}
{{- end }}

{{/* The names by which the service, the ingress and those who know better call it. */}}
{{- define "ltp.hosts" -}}
{{- $name := include "ltp.fullname" . }}
{{- $own := list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) (printf "%s.%s.svc.cluster.local" $name .Release.Namespace) }}
{{- $ingress := ternary .Values.ingress.hosts (list) .Values.ingress.enabled }}
{{- concat $own $ingress .Values.allowedHosts | uniq | join "," }}
{{- end }}

{{/* What cannot work is said before anything is made. */}}
{{- define "ltp.check" -}}
{{- $several := or (gt (int .Values.replicaCount) 1) (gt (int .Values.webWorkers) 1) }}
{{- if not .Values.access.existingSecret }}
{{- fail "access.existingSecret: want the name of a secret with API_TOKENS; without it the service does not start" }}
{{- end }}
{{- if and $several (not (and .Values.database.existingSecret .Values.redis.existingSecret)) }}
{{- fail "replicaCount, webWorkers: several processes need database.existingSecret (PostgreSQL) and redis.existingSecret" }}
{{- end }}
{{- if .Values.persistence.perPod }}
{{- if not (and .Values.database.existingSecret .Values.settings.DATA_URL .Values.settingsSecrets) }}
{{- fail "persistence.perPod: a pod's volume goes with it; want database.existingSecret (PostgreSQL), settings.DATA_URL (a bucket) and a secret with ENCRYPTION_KEY in settingsSecrets" }}
{{- end }}
{{- if .Values.persistence.existingClaim }}
{{- fail "persistence.existingClaim: is one volume for all pods; leave it empty with perPod" }}
{{- end }}
{{- else if and (gt (int .Values.replicaCount) 1) (has "ReadWriteOncePod" .Values.persistence.accessModes) }}
{{- fail "persistence.accessModes: ReadWriteOncePod lets one pod alone have the volume; want ReadWriteOnce or ReadWriteMany" }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
{{- fail "ingress.hosts: want at least one name" }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled (not .Values.serviceMonitor.tokenSecret) }}
{{- fail "serviceMonitor.tokenSecret: want the name of a secret with a token of the role read" }}
{{- end }}
{{- end }}
