"""Makes a repository of Composer, as satis writes one, of the libraries that Debian's Composer brings."""

import hashlib
import json
import pathlib
import sys
import zipfile

URL = sys.argv[1]
ROOT = pathlib.Path("/registry/composer")
PHP = pathlib.Path("/usr/share/php")
# What a library's own composer.json would say. Debian leaves these files out.
LIBRARIES = {
    "psr/log": ("Psr/Log", "Psr\\Log\\", []),
    "psr/container": ("Psr/Container", "Psr\\Container\\", []),
    "symfony/string": ("Symfony/Component/String", "Symfony\\Component\\String\\", []),
    "symfony/console": (
        "Symfony/Component/Console",
        "Symfony\\Component\\Console\\",
        ["symfony/string", "psr/container", "psr/log"],
    ),
    "symfony/filesystem": ("Symfony/Component/Filesystem", "Symfony\\Component\\Filesystem\\", []),
    "symfony/finder": ("Symfony/Component/Finder", "Symfony\\Component\\Finder\\", []),
    "symfony/process": ("Symfony/Component/Process", "Symfony\\Component\\Process\\", []),
    "react/promise": ("React/Promise", "React\\Promise\\", []),
    "seld/jsonlint": ("Seld/JsonLint", "Seld\\JsonLint\\", []),
    "justinrainbow/json-schema": ("JsonSchema", "JsonSchema\\", ["seld/jsonlint"]),
    "composer/composer": (
        "Composer",
        "Composer\\",
        ["symfony/console", "symfony/filesystem", "symfony/finder", "symfony/process", "react/promise", "justinrainbow/json-schema"],
    ),
}

packages = {}
(ROOT / "dist").mkdir(parents=True)
for name, (folder, namespace, needs) in LIBRARIES.items():
    archive = ROOT / "dist" / f"{name.replace('/', '-')}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for file in sorted((PHP / folder).rglob("*.php")):
            made.write(file, f"{name.split('/')[1]}/{file.relative_to(PHP / folder)}")
    packages[name] = {
        "1.0.0": {
            "name": name,
            "version": "1.0.0",
            "require": {each: "*" for each in needs},
            "autoload": {"psr-4": {namespace: ""}},
            "dist": {
                "type": "zip",
                "url": f"{URL}/composer/dist/{archive.name}",
                "shasum": hashlib.sha1(archive.read_bytes()).hexdigest(),
            },
        }
    }
(ROOT / "packages.json").write_text(json.dumps({"packages": packages}))
