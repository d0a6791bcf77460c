#!/bin/sh
# Takes the keys of an installation along: move-keys.sh FROM TO [NAME], both namespaces. Run it before the new
# installation starts. Without it nothing rolls either, but what was changed in between is taken as it is.
set -eu
kubectl get secret "${3:-restamp}-keys" -n "$1" -o yaml |
  sed -E '/^  (namespace|uid|resourceVersion|creationTimestamp):/d' |
  kubectl create -n "$2" -f -
