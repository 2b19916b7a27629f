# shellcheck shell=bash
# Sourced by `up`: keys and certificates of a cluster, and who uses them as a kubeconfig. Needs $pki, a folder.
key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)

authority() { # authority NAME
  openssl req -x509 "${key[@]}" -days 30 -subj "/CN=$1" -keyout "$pki/$1.key" -out "$pki/$1.crt" 2>/dev/null
}

certificate() { # certificate AUTHORITY NAME SUBJECT [SUBJECT_ALTERNATIVE_NAMES]
  openssl req "${key[@]}" -subj "$3" -keyout "$pki/$2.key" 2>/dev/null |
    openssl x509 -req -days 30 -CA "$pki/$1.crt" -CAkey "$pki/$1.key" -CAcreateserial -out "$pki/$2.crt" \
      -extfile <(printf 'extendedKeyUsage=serverAuth,clientAuth\n%s' "${4:+subjectAltName=$4}") 2>/dev/null
}

kubeconfig() { # kubeconfig CERTIFICATE_NAME
  cat >"$run/$1.kubeconfig" <<END
apiVersion: v1
kind: Config
clusters: [{name: cluster, cluster: {server: "https://127.0.0.1:6443", certificate-authority: $pki/ca.crt}}]
users: [{name: $1, user: {client-certificate: $pki/$1.crt, client-key: $pki/$1.key}}]
contexts: [{name: cluster, context: {cluster: cluster, user: $1}}]
current-context: cluster
END
}

# make_pki API_SERVICE_IP...
make_pki() {
  local names=DNS:localhost,IP:127.0.0.1,IP:${node_ips[0]},DNS:kubernetes ip name
  for ip in "$@"; do names+=,IP:$ip; done
  for name in default default.svc default.svc.cluster.local; do names+=,DNS:kubernetes.$name; done
  authority ca
  authority front-proxy-ca
  certificate ca apiserver /CN=kube-apiserver "$names"
  certificate ca apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client
  certificate front-proxy-ca front-proxy-client /CN=front-proxy-client
  certificate ca kubelet "/O=system:nodes/CN=system:node:$node_name" "IP:${node_ips[0]},DNS:$node_name"
  certificate ca admin /O=system:masters/CN=admin
  for name in kube-controller-manager kube-scheduler kube-proxy; do certificate ca "$name" "/CN=system:$name"; done
  for name in admin kubelet kube-controller-manager kube-scheduler kube-proxy; do kubeconfig "$name"; done
  openssl ecparam -genkey -name prime256v1 -noout -out "$pki/service-accounts.key"
  openssl ec -in "$pki/service-accounts.key" -pubout -out "$pki/service-accounts.pub" 2>/dev/null
}
