{{/* The name of everything: fullnameOverride, or the release's, with the chart's where that says more. */}}
{{- define "goproxy-operator.name" -}}
{{- $chart := .Values.nameOverride | default .Chart.Name -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $chart .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $chart | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects the operator's pods: immutable. */}}
{{- define "goproxy-operator.selector" -}}
app.kubernetes.io/name: goproxy-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* What every object carries: the chart's own labels, and commonLabels beneath them. */}}
{{- define "goproxy-operator.labels" -}}
{{ include "goproxy-operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "goproxy-operator.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "goproxy-operator.name" .) -}}
{{- end -}}

{{/* The Service, the Secret and the roles of the external metrics. */}}
{{- define "goproxy-operator.externalMetrics" -}}
{{- printf "%s-external-metrics" (include "goproxy-operator.name" . | trunc 46 | trimSuffix "-") -}}
{{- end -}}

{{/*
An image, whole: (dict "root" . "name" .Values.image.proxy). Without a registry the name would mean the library of a
public one, where neither image is.
*/}}
{{- define "goproxy-operator.image" -}}
{{- $image := .root.Values.image -}}
{{- $tag := $image.tag | default .root.Chart.AppVersion -}}
{{- $registry := required "image.registry is needed: the registry and path that both images were pushed to, such as --set image.registry=registry.example.com/platform" $image.registry -}}
{{- $registry }}/{{ .name }}:{{ $tag }}
{{- end -}}

{{/*
The rules of one role, out of the one file that states them (deploy/rbac.yaml in the repository):
(dict "root" . "kind" "ClusterRole" "name" "goproxy-operator").
*/}}
{{- define "goproxy-operator.rules" -}}
{{- $kind := .kind -}}
{{- $name := .name -}}
{{- range splitList "\n---\n" (.root.Files.Get "files/rbac.yaml") -}}
{{- $document := fromYaml . -}}
{{- if and (eq $document.kind $kind) (eq $document.metadata.name $name) -}}
{{- toYaml $document.rules -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The labels of a role of deploy/rbac.yaml: which of the cluster's own roles it becomes part of. */}}
{{- define "goproxy-operator.aggregation" -}}
{{- $name := .name -}}
{{- range splitList "\n---\n" (.root.Files.Get "files/rbac.yaml") -}}
{{- $document := fromYaml . -}}
{{- if and (eq $document.kind "ClusterRole") (eq $document.metadata.name $name) -}}
{{- toYaml $document.metadata.labels -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels for what Prometheus and Grafana look for, beside the chart's own: (dict "root" . "labels" .Values...). */}}
{{- define "goproxy-operator.labelled" -}}
{{ include "goproxy-operator.labels" .root }}
{{- with .labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "goproxy-operator.priorityClass" -}}
{{- .Values.priorityClass.name | default (ternary (include "goproxy-operator.name" .) "" .Values.priorityClass.create) -}}
{{- end -}}
