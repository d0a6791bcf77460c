# Restamp by Terraform, as cluster parts are installed. Values that were written for Reloader's chart work unchanged.
terraform {
  required_providers {
    helm = {
      source  = "hashicorp/helm"
      version = ">= 3.0"
    }
  }
}

variable "chart" {
  description = "Path or address of the chart, such as the archive that `make chart` makes."
  type        = string
  default     = "oci://ghcr.io/restamp/charts/restamp"
}

resource "helm_release" "restamp" {
  name             = "restamp"
  namespace        = "restamp"
  create_namespace = true
  chart            = var.chart
  version          = "0.1.0"
  # A failed upgrade goes back by itself.
  atomic = true

  values = [yamlencode({
    reloader = {
      watchGlobally  = true
      reloadStrategy = "env-vars"
      logLevel       = "info"
    }
    restamp = {
      quietPeriod = "2s"
    }
  })]
}
