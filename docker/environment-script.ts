import { READY } from './layer-build.ts';

/**
 * What is run as root to make the image of an environment: Bellhop's own programs, the steps of a Dockerfile, packages, the setup script. It is written for any
 * /bin/sh, because an image of a team may have no bash.
 *
 * - The relay is the image's own, as in a sandbox.
 * - A script ends at the first command that fails, as people expect of the steps of a build.
 * - The steps of a Dockerfile are run from outside (dockerfile-build.ts), while this waits.
 * - apt downloads as root: its own user could not pass through the proxy's socket.
 * - In an image of a team, certificates are linked twice: before the script, which needs them, and after it, because a package may have
 *   written files in their place. Names of users come last, because packages add users. Only the agent and root have names in its
 *   sandboxes: Debian's way of adding names is a library, which other images could not load.
 */
export const BUILD_SCRIPT = `set -eu
. /build/environment
export HOME=/root DEBIAN_FRONTEND=noninteractive
own=
if [ -d /build/bellhop ]; then own=yes; fi

trust() {
  for file in /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem /etc/ssl/ca-bundle.pem /etc/pki/tls/certs/ca-bundle.crt \\
    /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem; do
    mkdir -p "\${file%/*}"
    ln -sf /run/bellhop/ca.pem "$file"
  done
  mkdir -p /etc/ssl/certs/java
  ln -sf /run/bellhop/java.p12 /etc/ssl/certs/java/cacerts
}

if [ "$own" ]; then
  echo 'bellhop: adding the relay and the starter'
  for program in chmod cp ln mkdir rm; do
    if ! command -v "$program" > /dev/null; then
      echo "the image has no $program: add coreutils or busybox to it"
      exit 1
    fi
  done
  mkdir -p /usr/local/lib /usr/local/bin /root /tmp /var /run/boot /run/steps /workspace /.cargo
  cp -a /build/bellhop /usr/local/lib/
  cp -a /build/bellhop-step /usr/local/bin/
  chmod 1777 /tmp
  chmod 777 /workspace
  ln -sf /run/bellhop/cargo.toml /.cargo/config.toml
  trust
fi

/usr/local/lib/bellhop/entry > /dev/null 2>&1 &
relay=$!
/usr/local/bin/bellhop-step check 10000 > /dev/null || true

if [ -e /build/dockerfile ]; then
  echo '${READY}'
  read -r go_on
fi
if [ -s /build/packages ]; then
  echo 'bellhop: installing packages'
  if ! command -v apt-get > /dev/null; then
    echo 'packages are those of Debian, and the image has no apt-get: install them in setup'
    exit 1
  fi
  options='-o APT::Sandbox::User=root -o Acquire::Retries=0 -o Acquire::Languages=none -o Acquire::http::Proxy=http://127.0.0.1:3128 -o Acquire::https::Proxy=http://127.0.0.1:3128 -o Acquire::https::CaInfo=/run/bellhop/ca.pem'
  if [ ! "$own" ]; then
    cp -a /etc/apt/sources.list /build/sources.list.sandbox
    cp /build/apt/sources.list /etc/apt/sources.list
  fi
  apt-get $options update -q
  xargs -r -a /build/packages apt-get $options install -qy --no-install-recommends --
  if [ ! "$own" ]; then cp -a /build/sources.list.sandbox /etc/apt/sources.list; fi
  apt-get clean
  rm -rf /var/lib/apt/lists/*
fi
if [ -s /build/setup ]; then
  echo 'bellhop: running the setup script'
  cd /
  if [ -x /bin/bash ]; then
    /bin/bash -eo pipefail /build/setup < /dev/null
  else
    /bin/sh -e /build/setup < /dev/null
  fi
fi

kill $relay 2> /dev/null || true
rm -rf /run/boot/* /tmp/* /tmp/.[!.]* /root/.cache /root/.npm/_cacache
if [ "$own" ]; then
  trust
  rm -rf /var/tmp
  ln -s /tmp /var/tmp
  ln -sf /run/bellhop/users/passwd /etc/passwd
  ln -sf /run/bellhop/users/group /etc/group
fi
`;
