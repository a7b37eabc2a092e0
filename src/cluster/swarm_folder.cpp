#include "cluster/swarm_folder.h"

#include "base/text.h"
#include "cluster/swarm_engine.h"

namespace simswarm::cluster {
namespace {

// $1: swarm, $2: group that may enter, $3: who the pages run as. It reads the length of client.json, that file, and the
// user's stack file. The folders of services are theirs, so that they can make their sockets in them; those of
// pages get the group that may enter.
constexpr const char* kMake = R"sh(set -eu
umask 077
all=/host/simswarm-swarm
mkdir -p "$all"
chmod 755 "$all"
cd "$all"
mkdir -p "$1"
chown "0:$2" "$1"
chmod 750 "$1"
cd "$1"
mkdir -p redis mongo pages
pages=$3
case $pages in *[!0-9]*) pages=$(id -u "$pages") ;; esac
chown 999:999 redis mongo
chown "$pages:$2" pages
chmod 755 redis mongo
chmod 2755 pages
read -r length
head -c "$length" >.client.json
cat >.override.yml
chown "0:$2" .client.json .override.yml
chmod 640 .client.json .override.yml
mv .client.json client.json
if [ -s .override.yml ]; then mv .override.yml override.yml; else rm -f .override.yml override.yml; fi
)sh";
constexpr const char* kRemove = R"sh(set -eu
rm -rf "/host/simswarm-swarm/$1"
rmdir /host/simswarm-swarm 2>/dev/null || true
)sh";

std::vector<std::string> helper(const std::string& image, const std::string& script,
                                const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"run",
                                 "--rm",
                                 "-i",
                                 "--network",
                                 "none",
                                 "--user",
                                 "0:0",
                                 "--cap-drop",
                                 "ALL",
                                 "--cap-add",
                                 "CHOWN",
                                 "--cap-add",
                                 "FOWNER",
                                 "--cap-add",
                                 "DAC_OVERRIDE",
                                 "--cap-add",
                                 "FSETID",
                                 "--volume",
                                 fmt::format("{}:/host", manager_folder("x").parent_path().parent_path().string()),
                                 "--entrypoint",
                                 "/bin/sh",
                                 image,
                                 "-c",
                                 script,
                                 "sh"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

// Its error shows no script.
Status run_helper(const Machine& manager, const std::vector<std::string>& words, const Call& call,
                  const std::string& swarm) {
  std::vector<std::string> all{"docker"};
  all.insert(all.end(), words.begin(), words.end());
  SIMSWARM_TRY(const Answer answer, manager.run(all, call));
  if (answer.exit_code == 0) return {};
  return environment_error("{}: a container of the image did not get at {}: {}", manager.name(),
                           manager_folder(swarm).string(), last_words(answer));
}

Result<std::string> docker_group(const Machine& manager) {
  return manager.output({"sh", "-c",
                         "getent group docker | cut -d: -f3 | grep . || stat -c %g /var/run/docker.sock 2>/dev/null || "
                         "echo 0"});
}

Result<std::string> user_of_image(const Machine& manager, const std::string& image) {
  SIMSWARM_TRY(const std::string user, docker(manager, {"image", "inspect", "--format", "{{.Config.User}}", image}));
  return user.empty() ? std::string("0") : user.substr(0, user.find(':'));
}

}  // namespace

Status make_manager_folder(const Machine& manager, const ManagerFolder& folder) {
  const SwarmRecord& record = folder.client.record;
  SIMSWARM_TRY(const std::string group, docker_group(manager));
  std::string pages = folder.pages_user.substr(0, folder.pages_user.find(':'));
  if (pages.empty()) {
    SIMSWARM_TRY(pages, user_of_image(manager, record.image));
  }
  const std::string client = to_json(folder.client);
  const std::string input = fmt::format("{}\n{}{}", client.size(), client, folder.stack_override);
  Call call;
  call.input = input;
  return run_helper(manager, helper(record.image, kMake, {record.name, group, pages}), call, record.name);
}

Status remove_manager_folder(const Machine& manager, const SwarmRecord& record) {
  return run_helper(manager, helper(record.image, kRemove, {record.name}), {}, record.name);
}

}  // namespace simswarm::cluster
