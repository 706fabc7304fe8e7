#!/bin/sh
# Install Chromium where apt-get can, else say what is missing.
set -eu

sudo=""
if [ "$(id -u)" -ne 0 ]; then sudo="sudo -n"; fi

if ! command -v apt-get >/dev/null || ! ${sudo:-env} true 2>/dev/null; then
  echo "The browser tests need Chromium: install it, or run make CHROMIUM=/path/to/chrome ..." >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo apt-get install -y -qq chromium fonts-dejavu-core >/dev/null
