{{- define "restamp.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" | lower -}}
{{- end -}}

{{/* Name of the installation: of the Deployment, the Service, the Lease; the key Secret is this and `-keys`. */}}
{{- define "restamp.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 58 | trimSuffix "-" -}}
{{- else if contains (include "restamp.name" .) .Release.Name -}}
{{- .Release.Name | trunc 58 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "restamp.name" .) | trunc 58 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "restamp.namespace" -}}
{{- .Values.namespace | default .Release.Namespace -}}
{{- end -}}

{{/* Name of what stands outside of the own namespace, where another installation of this name may be. */}}
{{- define "restamp.wideName" -}}
{{- printf "%s.%s" (include "restamp.fullname" .) (include "restamp.namespace" .) -}}
{{- end -}}

{{- define "restamp.serviceAccountName" -}}
{{- $account := .Values.reloader.serviceAccount -}}
{{- if $account.create -}}
{{- $account.name | default (include "restamp.fullname" .) -}}
{{- else -}}
{{- $account.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "restamp.selector" -}}
app.kubernetes.io/name: {{ include "restamp.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- with .Values.reloader.matchLabels }}
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end -}}

{{- define "restamp.labels" -}}
{{ include "restamp.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/* Labels with those that a value adds: (list $ .Values.x.labels). */}}
{{- define "restamp.labelsWith" -}}
{{- $root := index . 0 -}}
{{ include "restamp.labels" $root }}
{{- with index . 1 }}
{{ tpl (toYaml .) $root }}
{{- end }}
{{- end -}}

{{/*
The image. A values.yaml for Reloader may name Reloader's image, or a tag of it: that is not what is installed here.
*/}}
{{- define "restamp.image" -}}
{{- $own := "ghcr.io/restamp/restamp" -}}
{{- $image := .Values.image -}}
{{- $repository := $image.repository | default $own -}}
{{- $tag := $image.tag | default .Chart.AppVersion | toString -}}
{{- $digest := $image.digest -}}
{{- if .Values.global.imageRegistry -}}
{{- $name := $image.name | default "restamp/restamp" -}}
{{- if include "restamp.isReloader" $name -}}{{- $name = "restamp/restamp" -}}{{- end -}}
{{- $repository = printf "%s/%s" .Values.global.imageRegistry $name -}}
{{- end -}}
{{- if include "restamp.isReloader" $repository -}}
{{- $repository = $own -}}
{{- $tag = .Chart.AppVersion -}}
{{- $digest = "" -}}
{{- else if hasPrefix "v" $tag -}}
{{- $tag = .Chart.AppVersion -}}
{{- end -}}
{{- if $digest -}}{{ $repository }}@{{ $digest }}{{- else -}}{{ $repository }}:{{ $tag }}{{- end -}}
{{- end -}}

{{- define "restamp.isReloader" -}}
{{- if regexMatch "(^|/)reloader(-[a-z]+)?$" . -}}true{{- end -}}
{{- end -}}

{{- define "restamp.pullSecrets" -}}
{{- range .Values.global.imagePullSecrets }}
- name: {{ if kindIs "map" . }}{{ .name }}{{ else }}{{ . }}{{ end }}
{{- end }}
{{- end -}}

{{/* The watched namespaces as a JSON list; empty if all are. The own one is always among them. */}}
{{- define "restamp.namespaces" -}}
{{- $given := .Values.reloader.namespaces | default list -}}
{{- if kindIs "string" $given -}}{{- $given = splitList "," $given -}}{{- end -}}
{{- $clean := list -}}
{{- range $given -}}{{- with toString . | trim -}}{{- $clean = append $clean . -}}{{- end -}}{{- end -}}
{{- if .Values.reloader.watchGlobally -}}
{{- if $clean -}}{{- fail "reloader.namespaces needs reloader.watchGlobally: false" -}}{{- end -}}
{{- list | toJson -}}
{{- else -}}
{{- prepend $clean (include "restamp.namespace" .) | uniq | sortAlpha | toJson -}}
{{- end -}}
{{- end -}}

{{/*
Ports that the network policy lets out to, as a JSON list: the API server's, those of the addresses that stand in the
values, and restamp.egressPorts.
*/}}
{{- define "restamp.egressPorts" -}}
{{- $env := .Values.reloader.deployment.env | default dict -}}
{{- $texts := concat (list .Values.reloader.webhookUrl) (.Values.restamp.extraFlags | default list) -}}
{{- $texts = concat $texts (values ($env.open | default dict)) (values ($env.secret | default dict)) -}}
{{- $ports := list 443 6443 -}}
{{- range $texts -}}
{{- $server := regexFind "^(--[a-z-]+=)?https?://[^/?#]+" (toString .) -}}
{{- if $server -}}
{{- $port := regexFind ":[0-9]+$" $server | trimPrefix ":" -}}
{{- $ports = append $ports (int ($port | default (ternary 80 443 (contains "http://" $server)))) -}}
{{- end -}}
{{- end -}}
{{- range .Values.restamp.egressPorts -}}{{- $ports = append $ports (int .) -}}{{- end -}}
{{- uniq $ports | toJson -}}
{{- end -}}
