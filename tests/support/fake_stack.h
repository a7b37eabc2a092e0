// A swarm of fake_swarm.h on which stacks can be deployed. What was said to its Docker lies in files:
//   words      of all calls of docker and ssh                      env          what docker had in its environment
//   secrets/   Docker's secrets, by name                           stack.yml    the last that was deployed
//   variables  SIMSWARM_… of that                                  folder       what the helper container has read
//   exec       what was read by programs in containers             live/        services that run, by name
// and what it is to say:
//   failing/NAME   error of that service's tasks       update/NAME   state of its update
//   official       the store is MongoDB's own server   redis         what redis-cli answers
#pragma once

#include "fake_swarm.h"

namespace simswarm {

inline constexpr std::string_view kFakeStack = R"sh(#!/bin/sh
cd "$FAKE"; printf '%s\n' "docker $*" >>words; env >>env
names() { ls live; }
filter_name() { case "$*" in *_redis*) echo redis ;; *_mongo*) echo mongo ;; esac; }
service() {
  printf '{"ID":"id%s","Spec":{"Name":"lab_%s","Mode":{"Replicated":{"Replicas":1}},"TaskTemplate":{"ContainerSpec":{"Image":"img:1"}}}' "$1" "$1"
  [ -f "update/$1" ] && printf ',"UpdateStatus":{"State":"%s","Message":"it failed"}' "$(/bin/cat "update/$1")"
  printf '}'
}
task() { printf '{"ID":"t%s","Name":"id%s.1","Node":"id-here","DesiredState":"%s","CurrentState":"%s 1 second ago","Error":"%s"}\n' "$1" "$1" "$2" "$3" "$4"; }
case "$1 $2" in
"info --format") [ "$3" = '{{.Swarm.NodeID}}' ] && { echo id-here; exit; }; exec "$FAKE/bin/docker.swarm" "$@" ;;
"secret ls") ls secrets ;;
"secret create") while [ $# -gt 2 ]; do shift; done; [ -f "secrets/$1" ] && { echo 'rpc error: code = AlreadyExists' >&2; exit 1; }; /bin/cat >"secrets/$1" ;;
"secret rm") rm "secrets/$3" ;;
"run --rm") [ -f no-run ] && { echo 'docker: no space left on device' >&2; exit 125; }; /bin/cat >folder ;;
"stack deploy") [ -f no-deploy ] && { echo 'services.x Additional property y is not allowed' >&2; exit 1; }
  /bin/cat >stack.yml; env | grep ^SIMSWARM_ >variables
  sed -n '/^services:/,/^networks:/s/^  \([a-z0-9-]*\):$/\1/p' stack.yml | while read -r name; do : >"live/$name"; done ;;
"service rm") shift 2; for name in "$@"; do rm "live/${name#lab_}"; done ;;
"service ls") for name in $(names); do case "$*" in *" -q "*) echo "id$name" ;; *) echo "id$name lab_$name" ;; esac; done ;;
"service inspect") if [ "$3" = --format ]; then echo spec; else shift 2; first='['
  for id in "$@"; do printf %s "$first"; service "${id#id}"; first=,; done; echo ']'; fi ;;
"stack ps") [ -n "$(names)" ] || { echo 'nothing found in stack: lab' >&2; exit 1; }
  for name in $(names); do
    if [ -f "failing/$name" ]; then for i in 1 2 3 4 5; do task "$name" Shutdown Failed "$(/bin/cat "failing/$name")"; done
    else task "$name" Running Running ''; fi; done ;;
"inspect --type") shift 5; for id in "$@"; do echo spec; done ;;
"ps --quiet") name=$(filter_name "$*"); [ -f "live/$name" ] && echo "c-$name"; true ;;
"exec -i") input=$(/bin/cat); printf '%s\n' "$input" >>exec
  case "$*" in *redis-cli*) [ -f redis ] && /bin/cat redis || printf 'OK\nOK\n' ;; *) echo changed ;; esac ;;
"exec c-mongo") [ -f official ] ;;
"volume ls") /bin/cat volumes 2>/dev/null; true ;;
"volume rm") rm -f volumes ;;
"network ls") /bin/cat networks-left 2>/dev/null; true ;;
"network rm") rm -f networks-left ;;
"image inspect") [ "$4" = '{{.Config.User}}' ] && exit 0; exec "$FAKE/bin/docker.swarm" "$@" ;;
"service logs") echo 'lab_redis.1.abc@node1    | Ready' ;;
*) exec "$FAKE/bin/docker.swarm" "$@" ;;
esac
)sh";

// This machine is the manager; its swarm is «lab», with the image img:1.
class FakeStack : public FakeSwarm {
 public:
  FakeStack() {
    file("bin/docker.swarm", std::string(kFakeDocker));
    file("bin/docker", std::string(kFakeStack));
    for (const char* name : {"docker", "docker.swarm"}) ::chmod(path(std::string("bin/") + name).c_str(), 0755);
    for (const char* name : {"live", "secrets", "failing", "update"}) fs::create_directories(path(name));
    say("here", "swarm", "active");
    say("here", "is-manager", "");
    say("here", "images", "img:1\n");
    node("id-here", "here manager active ready");
  }
  [[nodiscard]] static fs::path path(const std::string& name) { return fs::path(::getenv("FAKE")) / name; }
};

}  // namespace simswarm
