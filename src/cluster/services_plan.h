// Which services there are to be, each with its words, its settings and how it is seen to answer.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cluster/layout.h"
#include "cluster/local_services.h"

namespace simswarm::cluster {

// What a service answers to; an error says why it does not, yet.
using Answers = std::function<Status(pid_t)>;

struct Service {
  std::string name;
  int phase = 0;        // those of a phase start together, when those before answer
  std::string address;  // for people
  Daemon daemon;
  std::string more_fingerprint{};                             // settings that it reads when it starts
  std::function<Status()> prepare = [] { return Status(); };  // before each start
  Answers answers = [](pid_t) { return Status(); };
};

struct ServicesPlan {
  std::vector<Service> services;
  Memory memory;
  HostSettings host;               // for --on
  std::vector<std::string> notes;  // for the user
};

// Makes folders and passwords that are missing; starts nothing. An error names what has to be installed.
[[nodiscard]] Result<ServicesPlan> plan_services(const Layout& layout, const ServicesOptions& options, Memory memory);

// In PATH, or where servers of Debian are; empty: nowhere.
[[nodiscard]] fs::path find_server(const std::string& name);
// What a server of others gets of our environment: no secret, and a sign by which its processes are known.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> server_environment(const Layout& layout,
                                                                                  const std::string& service);
// «SIMSWARM_SERVICE=…»
[[nodiscard]] std::string sign_of(const Layout& layout, const std::string& service);
[[nodiscard]] Status check_socket(const fs::path& path);
// A daemon with all but its words.
[[nodiscard]] Daemon daemon_of(const Layout& layout, const std::string& service, const std::optional<User>& user);

// The store (services_store.cpp): adds its servers, and says its URL, without password.
struct StorePlan {
  std::vector<Service> services;
  std::string kind;  // as it is remembered
  std::string url;
  bool has_password = false;  // in secret/store-password
  std::vector<std::string> notes;
};
[[nodiscard]] Result<StorePlan> plan_store(const Layout& layout, const std::string& wanted, const fs::path& program);

}  // namespace simswarm::cluster
