// Docker and ssh of tests: scripts before PATH that keep a swarm in files. A host is a folder in `hosts`; one that is
// not there is not reached. What a file there says holds for that host:
//   info          what `docker info` says in place of an answer        version, arch, hostname   of its engine
//   swarm         another state than what it has done                  manager                   its manager's address
//   disk          free blocks of 1 KiB    clock   seconds ahead        tcp, udp, route            of /proc/net
//   join          what `docker swarm join` says in failing             calls-left                 then it is not
//   reached no-docker     it has none             images  those that are there
#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <string>

#include "base/files.h"
#include "test_folder.h"

namespace simswarm {

inline constexpr std::string_view kFakeToken = "SWMTKN-1-very-secret";

inline constexpr std::string_view kFakeSsh = R"sh(#!/bin/sh
printf '%s\n' "$*" >>"$FAKE/ssh.log"
while [ $# -gt 0 ]; do case $1 in -o) shift 2 ;; -*) shift ;; *) break ;; esac; done
target=$1; host=${target#*@}; shift; [ "$1" = -- ] && shift
here=$FAKE/hosts/$host
if [ -f "$here/calls-left" ]; then
  left=$(/bin/cat "$here/calls-left"); [ "$left" -gt 0 ] || here=/nowhere
  echo $((left - 1)) >"$FAKE/hosts/$host/calls-left"
fi
[ -d "$here" ] || { echo "ssh: connect to host $host port 22: No route to host" >&2; exit 255; }
[ -f "$here/no-docker" ] && PATH=$FAKE/without
FAKE_HOST=$host exec /bin/sh -c "$1"
)sh";

inline constexpr std::string_view kFakeDocker = R"sh(#!/bin/sh
host=${FAKE_HOST:-here}; here=$FAKE/hosts/$host; nodes=$FAKE/nodes
printf '%s: %s\n' "$host" "$*" >>"$FAKE/docker.log"
said() { if [ -f "$here/$1" ]; then /bin/cat "$here/$1"; else printf '%s' "$2"; fi; }
node() { # id: «hostname role availability state»
  read -r name role availability state <"$nodes/$1"
  printf '{"ID":"%s","Spec":{"Role":"%s","Availability":"%s"},"Description":{"Hostname":"%s","Platform":{"Architecture":"x86_64","OS":"linux"},"Resources":{"NanoCPUs":2000000000,"MemoryBytes":8000000000},"Engine":{"EngineVersion":"20.10.24"}},"Status":{"State":"%s","Addr":"10.0.9.%s"}' "$1" "$role" "$availability" "$name" "$state" "$(printf %s "$name" | tr -dc 0-9)"
  [ "$role" = manager ] && printf ',"ManagerStatus":{"Leader":true,"Reachability":"reachable","Addr":"10.0.9.1:2377"}'
  printf '}'
}
case "$1 $2" in
"info --format")
  [ -f "$here/info" ] && { /bin/cat "$here/info" >&2; exit 1; }
  state=$(said swarm inactive); control=false; [ -f "$here/is-manager" ] && control=true
  printf '{"ID":"E-%s","Name":"%s","ServerVersion":"%s","Architecture":"%s","OperatingSystem":"Debian","DockerRootDir":"/data","NCPU":2,"MemTotal":8000000000,"Swarm":{"NodeID":"%s","NodeAddr":"%s","LocalNodeState":"%s","ControlAvailable":%s,"RemoteManagers":[{"Addr":"%s"}]}}\n' \
    "$(said engine "$host")" "$(said hostname "$host")" "$(said version 20.10.24)" "$(said arch x86_64)" "$([ "$state" = active ] && said node-id "id-$host")" "10.0.9.1" "$state" "$control" "$(said manager 10.0.9.1:2377)" ;;
"swarm init")
  [ -f "$here/init" ] && { /bin/cat "$here/init" >&2; exit 1; }
  printf active >"$here/swarm"; : >"$here/is-manager"; echo "$(said hostname "$host") manager active ready" >"$nodes/id-$host" ;;
"swarm join-token") [ -f "$here/is-manager" ] || { echo 'Error response from daemon: This node is not a swarm manager.' >&2; exit 1; }
  echo SWMTKN-1-very-secret ;;
"swarm join")
  [ "$4" = SWMTKN-1-very-secret ] || { echo 'invalid join token' >&2; exit 1; }
  [ -f "$here/join" ] && { /bin/cat "$here/join" >&2; exit 1; }
  printf active >"$here/swarm"; echo "$(said hostname "$host") worker active ready" >"$nodes/$(said node-id "id-$host")" ;;
"swarm leave") rm -f "$here/swarm"; f=$nodes/$(said node-id "id-$host"); [ -f "$f" ] && sed -i 's/ready$/down/' "$f"; true ;;
"node ls") ls "$nodes" ;;
"node inspect") shift 2; first='['; for id in "$@"; do printf %s "$first"; node "$id"; first=,; done; echo ']' ;;
"node update") sed -i "s/ \(active\|drain\|pause\) / $4 /" "$nodes/$5"; echo "$5" ;;
"node rm") shift 2; force=; [ "$1" = --force ] && force=1 && shift
  grep -q ready$ "$nodes/$1" && [ -z "$force" ] && { echo "node $1 is not down and can't be removed" >&2; exit 1; }
  rm "$nodes/$1" ;;
"node ps") [ -f "$FAKE/node-ps" ] && /bin/cat "$FAKE/node-ps" && rm "$FAKE/node-ps"; true ;;
"service ls") case "$*" in *" -q "*) [ -f "$FAKE/services" ] && echo s1 ;; *) [ -f "$FAKE/names" ] && /bin/cat "$FAKE/names" ;; esac; true ;;
"service inspect") /bin/cat "$FAKE/services" ;;
"stack ps") /bin/cat "$FAKE/tasks" 2>/dev/null || { echo "nothing found in stack: x" >&2; exit 1; } ;;
"network ls") [ -f "$FAKE/networks" ] && echo n1; true ;;
"network inspect") /bin/cat "$FAKE/networks" ;;
"image inspect") grep -qxF "$5" "$here/images" 2>/dev/null || { echo "Error: No such image: $5" >&2; exit 1; } ;;
*) echo "fake docker: $*" >&2; exit 1 ;;
esac
)sh";

// What a look asks beside Docker.
inline constexpr std::string_view kFakeCat = R"sh(#!/bin/sh
here=$FAKE/hosts/${FAKE_HOST:-here}
for file in "$@"; do case $file in
  /proc/net/*) f=$here/${file#/proc/net/}; [ -f "$f" ] && /bin/cat "$f" ;;
  *) /bin/cat "$file" ;; esac; done; true
)sh";
inline constexpr std::string_view kFakeDate = R"sh(#!/bin/sh
ahead=$(/bin/cat "$FAKE/hosts/${FAKE_HOST:-here}/clock" 2>/dev/null || echo 0)
exec /bin/date -d "@$(($(/bin/date +%s) + ahead))$(/bin/date +.%N)" "$@"
)sh";
inline constexpr std::string_view kFakeDf = R"sh(#!/bin/sh
echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'
echo "disk 100000000 1 $(/bin/cat "$FAKE/hosts/${FAKE_HOST:-here}/disk" 2>/dev/null || echo 50000000) 1% $2"
)sh";

class FakeSwarm {
 public:
  FakeSwarm() {
    for (const auto& [name, text] :
         {std::pair("ssh", kFakeSsh), std::pair("docker", kFakeDocker), std::pair("cat", kFakeCat),
          std::pair("date", kFakeDate), std::pair("df", kFakeDf)}) {
      folder_.write(std::string("bin/") + name, std::string(text));
      ::chmod((folder_ / "bin" / name).c_str(), 0755);
    }
    folder_.folder("nodes");
    fill_without();
    host("here");
    set("FAKE", folder_.path().string());
    set("PATH", (folder_ / "bin").string() + ":/usr/bin:/bin");
    set("SIMSWARM_SSH", (folder_ / "bin/ssh").string());
    set("SIMSWARM_SWARMS_FOLDER", (folder_ / "swarms").string());
  }
  FakeSwarm(const FakeSwarm&) = delete;
  FakeSwarm& operator=(const FakeSwarm&) = delete;
  ~FakeSwarm() {
    for (const auto& [name, value] : before_) ::setenv(name.c_str(), value.c_str(), 1);
  }

  void host(const std::string& name) { folder_.folder("hosts/" + name); }
  void say(const std::string& host, const std::string& file, const std::string& text) {
    folder_.write("hosts/" + host + "/" + file, text);
  }
  void forget(const std::string& host, const std::string& file) { fs::remove(folder_ / "hosts" / host / file); }
  // «hostname role availability state» of a node.
  void node(const std::string& id, const std::string& text) { folder_.write("nodes/" + id, text + "\n"); }
  void file(const std::string& name, const std::string& text) { folder_.write(name, text); }
  [[nodiscard]] std::string text(const std::string& name) const {
    std::ifstream in(folder_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] const fs::path& path() const { return folder_.path(); }
  [[nodiscard]] bool has(const std::string& name) const { return fs::exists(folder_ / name); }

 private:
  void set(const char* name, const std::string& value) {
    const char* old = ::getenv(name);
    before_[name] = old != nullptr ? old : "";
    ::setenv(name, value.c_str(), 1);
  }
  // A PATH for a host that has no docker, wherever this machine has one.
  void fill_without() {
    folder_.folder("without");
    for (const char* name : {"id", "sed", "sh"})
      fs::create_symlink(fs::path("/usr/bin") / name, folder_ / "without" / name);
    for (const char* name : {"df", "cat", "date"})
      fs::create_symlink(folder_ / "bin" / name, folder_ / "without" / name);
  }

  TestFolder folder_;
  std::map<std::string, std::string> before_;
};

}  // namespace simswarm
