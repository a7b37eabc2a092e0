// `simswarm services` as a process, with folder, hosts and names of the test's own, and a look at what runs.
#pragma once

#include <sys/types.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "settings/hosts.h"
#include "test_folder.h"
#include "work_site.h"

namespace simswarm::cluster {

using jobs::Environment;
using jobs::Program;
using jobs::Words;

class ServicesSite {
 public:
  ServicesSite();
  ServicesSite(const ServicesSite&) = delete;
  ServicesSite& operator=(const ServicesSite&) = delete;
  // Ends what runs; nothing may be left.
  ~ServicesSite();

  // `simswarm services ACTION … --json`, which ends with this code.
  nlohmann::json services(const Words& words, int code = 0);
  // The one line of an error, without «simswarm: ».
  std::string error_of_services(const Words& words, int code);
  [[nodiscard]] Program start(const Words& words, const Environment& more = {});

  // Of the last answer.
  [[nodiscard]] std::map<std::string, pid_t> pids() const;
  [[nodiscard]] std::map<std::string, std::string> addresses() const;

  // A sweep of so many runs over queue and store of the host; with --json its summary.
  nlohmann::json campaign(int runs);
  [[nodiscard]] std::string result_of(int run) const;
  [[nodiscard]] HostSettings host() const;

  [[nodiscard]] fs::path state() const { return folder_ / "state/local-services"; }
  [[nodiscard]] fs::path hosts() const { return folder_ / "config/hosts.toml"; }
  [[nodiscard]] const TestFolder& folder() const { return folder_; }
  void set(const std::string& name, const std::string& value);  // in the environment of all that is started

 private:
  TestFolder folder_;
  Environment environment_;
  nlohmann::json last_;
  int logs_ = 0;
};

// No process any more, or one that waits for its parent to look.
[[nodiscard]] bool is_gone(pid_t pid);
// Of what runs: those whose words, environment or working folder have this text.
[[nodiscard]] std::vector<pid_t> processes_with(const std::string& text);
// The same, of their words and environment alone, as they can be read by whom it may concern.
[[nodiscard]] std::vector<std::string> shown_with(const std::string& text);
[[nodiscard]] std::vector<fs::path> sockets_below(const fs::path& folder);

}  // namespace simswarm::cluster
