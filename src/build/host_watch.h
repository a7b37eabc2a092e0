// Which of the hosts can be used now, looked at again and again in a thread of its own. Internal to this room.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "build/host_list.h"
#include "build/host_trial.h"

namespace simswarm::build {

struct UsableHost {
  std::string address;    // «127.0.0.1:3632»
  std::size_t limit = 4;  // jobs at once
  friend bool operator==(const UsableHost&, const UsableHost&) = default;
};

class HostWatch {
 public:
  // `on_round` is called in the thread, every other second and whenever something has changed.
  HostWatch(std::vector<HostName> names, std::string compiler,
            std::function<void(const std::vector<UsableHost>&)> on_round);
  HostWatch(const HostWatch&) = delete;
  HostWatch& operator=(const HostWatch&) = delete;
  ~HostWatch();

  // Waits until all that is named was tried once, or some time has passed.
  void wait_for_first_round();
  [[nodiscard]] std::vector<UsableHost> usable() const;
  // Jobs that the hosts may take at once, with those that may still come.
  [[nodiscard]] std::size_t most_jobs() const;

 private:
  struct Host {
    HostName name;
    Address address;
    std::size_t limit = 0;  // 0: not known yet
    bool is_usable = false;
    bool was_tried = false;
    std::optional<HostTrial> trial;
    Monotonic next_trial{};
  };
  void run();
  void resolve();
  void add(const HostName& name, const Address& address);
  void start_trials(Monotonic now);
  void wait_for_trials() const;
  void judge(Host& host, Monotonic now);
  void tell(bool always);

  std::vector<HostName> names_;
  std::string compiler_;
  std::function<void(const std::vector<UsableHost>&)> on_round_;
  std::map<std::string, Host> hosts_;  // by address; the thread's own
  mutable std::mutex mutex_;           // of the two below
  std::vector<UsableHost> usable_;
  std::vector<std::size_t> jobs_by_name_;
  std::vector<UsableHost> told_;
  Fd stop_;
  Fd first_round_;
  std::jthread thread_;
};

}  // namespace simswarm::build
