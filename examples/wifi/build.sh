#!/usr/bin/env bash
# Compiles the scenario into ./saturation beside this file, when it is older than its source.
set -euo pipefail
cd "$(dirname "$0")"

if [[ -x saturation && saturation -nt saturation.cc ]]; then
  exit 0
fi
# The headers of ns-3 up to 3.41 are C++17, later ones C++20.
standard=c++20
if pkg-config --max-version=3.41 ns3-core; then
  standard=c++17
fi
# ns-3's headers come as system headers: their warnings are not ours.
ns3=$(pkg-config --cflags --libs ns3-wifi ns3-network ns3-mobility)
read -ra ns3_flags <<<"${ns3//-I/-isystem }"
"${CXX:-g++}" -std="$standard" -O2 -Wall -Wextra -Wconversion saturation.cc -o saturation.new "${ns3_flags[@]}"
mv saturation.new saturation
