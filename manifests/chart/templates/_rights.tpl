{{/* Rules in every watched namespace. manifests/rights.ts is the table that a test holds these against. */}}
{{- define "restamp.watchedRules" -}}
{{- $r := .Values.reloader -}}
- apiGroups: [""]
  resources: [{{ if not $r.ignoreConfigMaps }}configmaps{{ end }}{{ if not (or $r.ignoreConfigMaps $r.ignoreSecrets) }}, {{ end }}{{ if not $r.ignoreSecrets }}secrets{{ end }}]
  verbs: [get, list, watch]
- apiGroups: [apps]
  resources: [deployments, daemonsets, statefulsets]
  verbs: [get, list, watch, patch]
{{- if not $r.ignoreCronJobs }}
- apiGroups: [batch]
  resources: [cronjobs]
  verbs: [get, list, watch, patch]
{{- end }}
{{- if not (and $r.ignoreJobs $r.ignoreCronJobs) }}
# A CronJob's change may start a Job of it, whether Jobs are rolled themselves or not.
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create{{ if not $r.ignoreJobs }}, delete, patch{{ end }}]
{{- end }}
{{- if $r.isArgoRollouts }}
- apiGroups: [argoproj.io]
  resources: [rollouts]
  verbs: [get, list, watch, patch]
{{- end }}
{{- if $r.enableCSIIntegration }}
- apiGroups: [secrets-store.csi.x-k8s.io]
  resources: [secretproviderclasses, secretproviderclasspodstatuses]
  verbs: [get, list, watch]
# Whose pod has mounted it.
- apiGroups: [""]
  resources: [pods]
  verbs: [get]
{{- end }}
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end -}}

{{/* Rules in the own namespace: the key Secret, the Lease and its Events, the stop switch, the meta-info ConfigMap. */}}
{{- define "restamp.ownRules" -}}
{{- $name := include "restamp.fullname" . -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [create]
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [{{ $name }}-keys, {{ $name }}-remakes]
  verbs: [get, update]
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [{{ $name }}-keys]
  verbs: [list, watch]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ $name }}]
  verbs: [get, update]
# The Event on the Lease that tells of a registration that is gone.
- apiGroups: [""]
  resources: [events]
  verbs: [create]
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [{{ $name }}]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [create]
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [reloader-meta-info]
  verbs: [get, update]
{{- end -}}

{{/* Rules on what belongs to no namespace. */}}
{{- define "restamp.clusterRules" -}}
{{- if .Values.reloader.watchGlobally }}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get, list, watch]
{{- end }}
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- if .Values.webhook.enabled }}
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingwebhookconfigurations, mutatingwebhookconfigurations]
  resourceNames: [{{ include "restamp.wideName" . }}]
  verbs: [get, patch]
{{- end }}
{{- end -}}
