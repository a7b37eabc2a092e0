#include "services_site.h"

#include <signal.h>
#include <stdlib.h>

#include "base/text.h"
#include "settings/hosts_private.h"

namespace simswarm::cluster {
namespace {

using nlohmann::json;

// Empty for a process that has gone meanwhile.
std::string content(const fs::path& file) {
  return read_file(file).value_or("");
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    if (const auto pid = parse_int(entry.path().filename().native())) found.push_back(static_cast<pid_t>(*pid));
  }
  return found;
}

json last_object(const std::string& log) {
  json last;
  for (const std::string_view line : lines(log)) {
    json one = json::parse(line, nullptr, false);
    if (one.is_object()) last = std::move(one);
  }
  return last;
}

}  // namespace

bool is_gone(pid_t pid) {
  const std::string stat = content(fmt::format("/proc/{}/stat", pid));
  const std::size_t end = stat.rfind(')');
  return end == std::string::npos || stat.substr(end, 3) == ") Z";
}

std::vector<pid_t> processes_with(const std::string& text) {
  std::vector<pid_t> found;
  for (const pid_t pid : all_processes()) {
    const fs::path folder = fmt::format("/proc/{}", pid);
    std::error_code ignored;
    const std::string all =
        content(folder / "cmdline") + content(folder / "environ") + fs::read_symlink(folder / "cwd", ignored).string();
    if (pid != ::getpid() && !is_gone(pid) && all.find(text) != std::string::npos) found.push_back(pid);
  }
  return found;
}

std::vector<std::string> shown_with(const std::string& text) {
  std::vector<std::string> found;
  for (const pid_t pid : all_processes()) {
    for (const char* name : {"cmdline", "environ"}) {
      const std::string all = content(fmt::format("/proc/{}/{}", pid, name));
      if (all.find(text) != std::string::npos) found.push_back(fmt::format("{} of {}: {}", name, pid, all));
    }
  }
  return found;
}

std::vector<fs::path> sockets_below(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (fs::recursive_directory_iterator it(folder, ignored), end; !ignored && it != end; it.increment(ignored)) {
    std::error_code error;
    if (it->is_socket(error)) found.push_back(it->path());
  }
  return found;
}

ServicesSite::ServicesSite() {
  set("SIMSWARM_SERVICES_FOLDER", folder_ / "state");
  set("SIMSWARM_HOSTS", hosts());
  set("SIMSWARM_STANDIN", STANDIN);
}

ServicesSite::~ServicesSite() {
  services({"down", "--forget"});
  EXPECT_TRUE(wait_until([&] { return processes_with(folder_.path().string()).empty(); }));
  for (const pid_t pid : processes_with(folder_.path().string())) {
    ADD_FAILURE() << "left: " << content(fmt::format("/proc/{}/cmdline", pid));
    ::kill(pid, SIGKILL);
  }
}

void ServicesSite::set(const std::string& name, const std::string& value) {
  std::erase_if(environment_, [&](const auto& one) { return one.first == name; });
  environment_.emplace_back(name, value);
}

Program ServicesSite::start(const Words& words, const Environment& more) {
  Environment environment = environment_;
  environment.insert(environment.end(), more.begin(), more.end());
  return {words, folder_ / fmt::format("said-{}.log", ++logs_), environment};
}

json ServicesSite::services(const Words& words, int code) {
  Words all{SIMSWARM_PROGRAM, "services"};
  all.insert(all.end(), words.begin(), words.end());
  all.emplace_back("--json");
  Program program = start(all);
  EXPECT_EQ(program.wait(std::chrono::seconds(120)), code) << program.log();
  last_ = last_object(program.log());
  return last_;
}

std::string ServicesSite::error_of_services(const Words& words, int code) {
  Words all{SIMSWARM_PROGRAM, "services"};
  all.insert(all.end(), words.begin(), words.end());
  Program program = start(all);
  EXPECT_EQ(program.wait(std::chrono::seconds(120)), code) << program.log();
  const std::string log = program.log();
  const std::size_t at = log.rfind("simswarm: ");
  return at == std::string::npos ? log : std::string(trim(std::string_view(log).substr(at + 10)));
}

std::map<std::string, pid_t> ServicesSite::pids() const {
  std::map<std::string, pid_t> pids;
  for (const json& one : last_.value("services", json::array())) pids[one.at("service")] = one.at("pid");
  return pids;
}

std::map<std::string, std::string> ServicesSite::addresses() const {
  std::map<std::string, std::string> addresses;
  for (const json& one : last_.value("services", json::array())) addresses[one.at("service")] = one.at("address");
  return addresses;
}

HostSettings ServicesSite::host() const {
  const auto all = read_hosts(hosts());
  EXPECT_TRUE(all.has_value() && all->contains("local-services")) << error_of(all);
  return all.has_value() && all->contains("local-services") ? all->at("local-services") : HostSettings{};
}

json ServicesSite::campaign(int runs) {
  const fs::path project = folder_.folder("project");
  if (!fs::exists(project / "program")) folder_.script("project/program", "echo \"run $1\" >\"$2/out.txt\"");
  const std::string queue = without_its_password(host().queue).url;
  Program program = start({SIMSWARM_PROGRAM, "-C", project, "sweep", "--name", "study", "--json", "--queue", queue,
                           "--password-file", state() / "secret/queue-password", "--store", host().store,
                           fmt::format("n=1..{}", runs), "--", "./program", "{n}", "{results}"});
  EXPECT_EQ(program.wait(std::chrono::seconds(120)), 0) << program.log();
  return last_object(program.log());
}

std::string ServicesSite::result_of(int run) const {
  return folder_.read(fmt::format("project/results/study/n={}/out.txt", run));
}

}  // namespace simswarm::cluster
