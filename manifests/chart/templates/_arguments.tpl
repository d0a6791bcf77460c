{{/* The flags of the server, as YAML. Only what differs from the server's own default. */}}
{{- define "restamp.arguments" -}}
{{- $r := .Values.reloader -}}
{{- $args := list "--namespace=$(POD_NAMESPACE)" (printf "--instance=%s" (include "restamp.fullname" .)) -}}
{{- if .Values.webhook.enabled -}}
{{- $args = append $args (printf "--registration=%s" (include "restamp.wideName" .)) -}}
{{- else -}}
{{- $args = append $args "--admission=off" -}}
{{- end -}}
{{- with include "restamp.namespaces" . | fromJsonArray -}}
{{- $args = append $args (printf "--namespaces=%s" (join "," .)) -}}
{{- end -}}
{{- if $r.watchGlobally -}}
{{- with $r.ignoreNamespaces -}}{{- $args = append $args (printf "--namespaces-to-ignore=%s" .) -}}{{- end -}}
{{- with $r.namespaceSelector -}}{{- $args = append $args (printf "--namespace-selector=%s" .) -}}{{- end -}}
{{- end -}}
{{- with $r.resourceLabelSelector -}}
{{- $args = append $args (printf "--resource-label-selector=%s" .) -}}
{{- end -}}
{{- if and $r.ignoreSecrets $r.ignoreConfigMaps -}}
{{- fail "reloader.ignoreSecrets and reloader.ignoreConfigMaps together leave nothing to watch" -}}
{{- end -}}
{{- if $r.ignoreSecrets -}}{{- $args = append $args "--resources-to-ignore=secrets" -}}{{- end -}}
{{- if $r.ignoreConfigMaps -}}{{- $args = append $args "--resources-to-ignore=configmaps" -}}{{- end -}}
{{- $ignored := list -}}
{{- if $r.ignoreJobs -}}{{- $ignored = append $ignored "jobs" -}}{{- end -}}
{{- if $r.ignoreCronJobs -}}{{- $ignored = append $ignored "cronjobs" -}}{{- end -}}
{{- with $ignored -}}{{- $args = append $args (printf "--ignored-workload-types=%s" (join "," .)) -}}{{- end -}}
{{- if not (has $r.reloadStrategy (list "" "default" "env-vars" nil)) -}}
{{- $args = append $args (printf "--reload-strategy=%s" $r.reloadStrategy) -}}
{{- end -}}
{{- with $r.logFormat -}}{{- $args = append $args (printf "--log-format=%s" .) -}}{{- end -}}
{{- if not (has $r.logLevel (list "" "info" nil)) -}}
{{- $args = append $args (printf "--log-level=%s" $r.logLevel) -}}
{{- end -}}
{{- with $r.webhookUrl -}}{{- $args = append $args (printf "--webhook-url=%s" .) -}}{{- end -}}
{{- $switches := dict "autoReloadAll" "auto-reload-all" "reloadOnCreate" "reload-on-create" "reloadOnDelete"
  "reload-on-delete" "syncAfterRestart" "sync-after-restart" "isArgoRollouts" "is-Argo-Rollouts"
  "enableCSIIntegration" "enable-csi-integration" -}}
{{- range $value := keys $switches | sortAlpha -}}
{{- if eq (get $r $value | toString) "true" -}}
{{- $args = append $args (printf "--%s=true" (get $switches $value)) -}}
{{- end -}}
{{- end -}}
{{- $renamed := dict "configmap" "configmap-annotation" "secret" "secret-annotation" "auto" "auto-annotation"
  "secret_auto" "secret-auto-annotation" "configmap_auto" "configmap-auto-annotation" "search"
  "auto-search-annotation" "match" "search-match-annotation" "ignore" "ignore-annotation" "pausePeriod"
  "pause-deployment-annotation" "pauseTime" "pause-deployment-time-annotation" -}}
{{- range $key, $annotation := $r.custom_annotations -}}
{{- if and $annotation (hasKey $renamed $key) -}}
{{- $args = append $args (printf "--%s=%s" (get $renamed $key) $annotation) -}}
{{- end -}}
{{- end -}}
{{- range $value, $given := omit .Values.restamp "extraFlags" "egressPorts" -}}
{{- if not (or (kindIs "invalid" $given) (eq (toString $given) "")) -}}
{{- $args = append $args (printf "--%s=%s" (kebabcase $value) (toString $given)) -}}
{{- end -}}
{{- end -}}
{{- concat $args (.Values.restamp.extraFlags | default list) | toYaml -}}
{{- end -}}
