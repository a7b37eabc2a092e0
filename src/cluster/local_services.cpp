#include "cluster/local_services.h"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <thread>

#include "base/text.h"
#include "cluster/layout.h"
#include "cluster/services_plan.h"

namespace simswarm::cluster {
namespace {

constexpr int kPhases = 3;
constexpr std::chrono::seconds kComes{60};
constexpr std::chrono::seconds kWorkerGoes{30};  // runs get their time, and go back
constexpr std::chrono::seconds kServerGoes{20};
constexpr std::chrono::seconds kKilledGoes{10};
constexpr std::chrono::milliseconds kPause{20};

// In this order they end: nobody misses what ends before.
constexpr std::array<std::string_view, 6> kOrder{"runner", "builder", "distcc", "mongodb", "postgres", "redis"};

std::size_t rank(std::string_view service) {
  const auto found =
      std::find_if(kOrder.begin(), kOrder.end(), [&](std::string_view one) { return service.starts_with(one); });
  return static_cast<std::size_t>(found - kOrder.begin());
}

bool is_worker(std::string_view service) {
  return rank(service) <= 1;
}

// PostgreSQL waits for its clients after SIGTERM.
int kind_signal(std::string_view service) {
  return service == "postgres" ? SIGINT : SIGTERM;
}

Layout layout_of(const ServicesOptions& options) {
  return Layout(options.folder.empty() ? services_folder(options.name)
                                       : fs::absolute(options.folder).lexically_normal());
}

void remove_sockets(const fs::path& home) {
  std::error_code ignored;
  for (fs::directory_iterator it(home, ignored), end; !ignored && it != end; it.increment(ignored)) {
    std::error_code error;
    if (it->is_socket(error) || it->path().filename() == ".s.PGSQL.5432.lock") fs::remove(it->path(), error);
  }
}

// After the kind signal.
Status wait_or_kill(const Layout& layout, const std::string& service) {
  const auto process = recorded(layout.pid_file(service));
  if (!process) return {};
  if (!wait_for_end(*process, is_worker(service) ? kWorkerGoes : kServerGoes)) {
    send(*process, SIGKILL);
    if (!wait_for_end(*process, kKilledGoes))
      return environment_error("{} (process {}) does not end, not even by SIGKILL", service, process->pid);
  }
  // What is not known to be the service's is no reason to stay.
  [[maybe_unused]] const bool none_left = end_session(*process, sign_of(layout, service), kKilledGoes);
  remove_sockets(layout.home(service));
  std::error_code ignored;
  fs::remove(layout.pid_file(service), ignored);
  return {};
}

void ask_to_end(const Layout& layout, const std::string& service) {
  if (const auto process = recorded(layout.pid_file(service))) send(*process, kind_signal(service));
}

Status end(const Layout& layout, std::vector<std::string> services) {
  std::stable_sort(services.begin(), services.end(),
                   [](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
  // Workers all at once, and then servers one after the other.
  for (const std::string& one : services) {
    if (is_worker(one)) ask_to_end(layout, one);
  }
  for (const std::string& one : services) {
    if (!is_worker(one)) ask_to_end(layout, one);
    SIMSWARM_CHECK(wait_or_kill(layout, one));
  }
  return {};
}

// All that are noted anywhere.
std::vector<std::string> noted(const Layout& layout, const Memory& memory) {
  std::set<std::string> names;
  for (const auto& [name, address] : memory.services) names.insert(name);
  std::error_code ignored;
  for (fs::directory_iterator it(layout.root() / "pid", ignored), end; !ignored && it != end; it.increment(ignored)) {
    if (recorded(it->path())) names.insert(it->path().filename().string());
  }
  return {names.begin(), names.end()};
}

std::string last_words(const Layout& layout, const std::string& service) {
  const std::string line = layout.last_line(service);
  return fmt::format("{} ({})", line.empty() ? "it has said nothing" : line, layout.log(service).string());
}

class Bringer {
 public:
  Bringer(const Layout& layout, const ServicesOptions& options) : layout_(layout), options_(options) {}

  Status bring(const Service& service) {
    const auto process = recorded(layout_.pid_file(service.name));
    const bool is_up = process && runs(*process);
    if (is_up && process->fingerprint == service.daemon.fingerprint) {
      ran_.insert(service.name);
      return {};
    }
    SIMSWARM_CHECK(end(layout_, {service.name}));  // also what is left of one that was killed
    layout_.trim_log(service.name);
    SIMSWARM_CHECK(service.prepare());
    return start(service.daemon);
  }

  Status await(const Service& service) const {
    const auto deadline = std::chrono::steady_clock::now() + kComes;
    while (true) {
      const auto process = recorded(layout_.pid_file(service.name));
      if (!process || !runs(*process))
        return environment_error("{} does not come: {}", service.name, last_words(layout_, service.name));
      const Status answers = service.answers(process->pid);
      if (answers) return tell(service, *process);
      if (std::chrono::steady_clock::now() > deadline) return silent(service, *process, answers.error().message);
      std::this_thread::sleep_for(kPause);
    }
  }

 private:
  Status tell(const Service& service, const ProcessRecord& process) const {
    options_.say(fmt::format("{} {} (process {}){}{}", service.name,
                             ran_.contains(service.name) ? "runs already" : "runs", process.pid,
                             service.address.empty() ? "" : ": ", service.address));
    return {};
  }

  [[nodiscard]] tl::unexpected<Error> silent(const Service& service, const ProcessRecord& process,
                                             const std::string& trouble) const {
    return environment_error("{} runs (process {}) and does not answer within {} s: {}; its last words: {}",
                             service.name, process.pid, kComes.count(), trouble, last_words(layout_, service.name));
  }

  const Layout& layout_;
  const ServicesOptions& options_;
  std::set<std::string> ran_;  // before
};

// As root, servers run as users of their own.
Status check_ways(const ServicesPlan& plan) {
  for (const Service& one : plan.services) {
    if (!one.daemon.user || can_reach(*one.daemon.user, one.daemon.folder)) continue;
    return environment_error(
        "{} runs as the user {}, who cannot enter {}: SIMSWARM_SERVICES_FOLDER says a folder that "
        "others may pass through",
        one.name, one.daemon.user->name, one.daemon.folder.string());
  }
  return {};
}

// What was started once and is not wanted any more.
Status end_others(const Layout& layout, const Memory& before, const ServicesPlan& plan) {
  std::vector<std::string> others = noted(layout, before);
  std::erase_if(others, [&](const std::string& name) {
    return std::any_of(plan.services.begin(), plan.services.end(),
                       [&](const Service& one) { return one.name == name; });
  });
  return end(layout, others);
}

// What those that were killed have left holds ports, and locks.
Status end_leftovers(const Layout& layout, const Memory& before) {
  std::vector<std::string> dead = noted(layout, before);
  std::erase_if(dead, [&](const std::string& name) {
    const auto process = recorded(layout.pid_file(name));
    return !process || runs(*process);
  });
  return end(layout, dead);
}

Status bring_all(const Layout& layout, const ServicesOptions& options, const ServicesPlan& plan) {
  Bringer bringer(layout, options);
  for (int phase = 0; phase < kPhases; ++phase) {
    for (const Service& one : plan.services) {
      if (one.phase == phase) SIMSWARM_CHECK(bringer.bring(one));
    }
    for (const Service& one : plan.services) {
      if (one.phase == phase) SIMSWARM_CHECK(bringer.await(one));
    }
  }
  return {};
}

std::vector<ServiceState> states(const Layout& layout, const Memory& memory) {
  std::vector<ServiceState> all;
  for (const auto& [name, address] : memory.services) {
    const auto process = recorded(layout.pid_file(name));
    ServiceState state{name, process && runs(*process) ? process->pid : 0, address, layout.log(name), ""};
    if (state.pid == 0) state.last_line = layout.last_line(name);
    all.push_back(std::move(state));
  }
  return all;
}

bool is_there(const Layout& layout) {
  std::error_code ignored;
  return fs::exists(layout.root() / "lock", ignored);
}

}  // namespace

fs::path services_folder(const std::string& name) {
  if (const char* said = std::getenv("SIMSWARM_SERVICES_FOLDER"); said != nullptr && *said != '\0')
    return fs::absolute(said).lexically_normal() / name;
  if (::geteuid() == 0) return fs::path("/var/lib/simswarm/services") / name;
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
    return fs::path(state) / "simswarm/services" / name;
  const char* home = std::getenv("HOME");
  const passwd* entry = home != nullptr && *home == '/' ? nullptr : ::getpwuid(::geteuid());
  if (entry != nullptr) home = entry->pw_dir;
  return fs::path(home != nullptr ? home : "/") / ".local/state/simswarm/services" / name;
}

Result<std::vector<ServiceState>> services_up(const ServicesOptions& options) {
  SIMSWARM_CHECK(check_host_name(options.name));
  SIMSWARM_CHECK(read_hosts(hosts_file()));  // before anything is started that could not be named
  const Layout layout = layout_of(options);
  SIMSWARM_CHECK(layout.make());
  SIMSWARM_TRY(const Fd lock, layout.lock());
  SIMSWARM_TRY(const Memory before, layout.remembered());
  SIMSWARM_CHECK(end_leftovers(layout, before));
  SIMSWARM_TRY(const ServicesPlan plan, plan_services(layout, options, before));
  for (const std::string& note : plan.notes) options.say("note: " + note);
  SIMSWARM_CHECK(check_ways(plan));
  SIMSWARM_CHECK(end_others(layout, before, plan));
  SIMSWARM_CHECK(layout.remember(plan.memory));
  SIMSWARM_CHECK(bring_all(layout, options, plan));
  SIMSWARM_CHECK(write_host(hosts_file(), options.name, &plan.host));
  return states(layout, plan.memory);
}

Status services_down(const ServicesOptions& options, bool forget) {
  SIMSWARM_CHECK(check_host_name(options.name));
  const Layout layout = layout_of(options);
  if (is_there(layout)) {
    SIMSWARM_TRY(const Fd lock, layout.lock());
    SIMSWARM_TRY(const Memory memory, layout.remembered());
    SIMSWARM_CHECK(end(layout, noted(layout, memory)));
    if (forget) SIMSWARM_CHECK(remove_tree(layout.root()));
  }
  return forget ? write_host(hosts_file(), options.name, nullptr) : Status();
}

Result<std::vector<ServiceState>> services_state(const ServicesOptions& options) {
  SIMSWARM_CHECK(check_host_name(options.name));
  const Layout layout = layout_of(options);
  SIMSWARM_TRY(const Memory memory, layout.remembered());
  return states(layout, memory);
}

}  // namespace simswarm::cluster
