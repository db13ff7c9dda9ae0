#!/bin/sh
# Installs the sandbox's packages. What lies in /build/host belongs to the machine that builds and is gone afterwards:
#   sources.list   where it gets Debian packages from
#   apt.conf       the apt settings (proxy, certificates) it needs for that
set -eu

say() { echo "bellhop: $1"; }

export DEBIAN_FRONTEND=noninteractive
if [ -f /build/host/sources.list ]; then
  rm -f /etc/apt/sources.list.d/*
  cp /build/host/sources.list /etc/apt/sources.list
fi
if [ -f /build/host/apt.conf ]; then cp /build/host/apt.conf /etc/apt/apt.conf.d/99-build-host; fi

# Nothing here has to survive a power cut, and nobody reads manuals in a sandbox. The headers are what matplotlib's
# distant relations bring along.
cat > /etc/dpkg/dpkg.cfg.d/bellhop <<'DPKG'
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/include/boost/*
path-exclude=/usr/lib/*/openblas-pthread/*.a
DPKG

say 'reading package lists'
apt-get update -q
say 'installing packages'
apt-get upgrade -qy
apt-get install -qy --no-install-recommends \
  bash ca-certificates curl file gcc g++ git haproxy jq less libc6-dev libheif-examples libnss-extrausers libnss3-tools librsvg2-bin \
  make patch pkg-config poppler-utils procps python-is-python3 python3 python3-matplotlib python3-pip python3-requests python3-venv \
  ripgrep unzip xz-utils zip

say 'installing Node'
tar -xzf /build/node.tgz -C /usr/local --strip-components=1 --no-same-owner package/bin package/include
mkdir -p /usr/local/lib/node_modules/npm
tar -xzf /build/npm.tgz -C /usr/local/lib/node_modules/npm --strip-components=1 --no-same-owner
ln -sf ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
ln -sf ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
chmod 755 /usr/local/bin/node /usr/local/lib/node_modules/npm/bin/npm-cli.js /usr/local/lib/node_modules/npm/bin/npx-cli.js
node --version
npm --version

say 'cleaning up'
rm -f /etc/apt/apt.conf.d/99-build-host /etc/dpkg/dpkg.cfg.d/bellhop
rm -rf /etc/apt/sources.list.d/*
echo '# A sandbox has no network and no root: packages come with its image.' > /etc/apt/sources.list
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/*.log /var/log/apt /root/.npm /tmp/*
rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/locale/*
rm -rf /build
