#include "cluster/swarm_checks.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <map>
#include <set>

#include "base/text.h"
#include "base/time.h"
#include "simulator/command_text.h"

namespace simswarm::cluster {
namespace {

// One call for all of it, so that one round trip does. Sections begin with «== NAME».
constexpr std::string_view kLook =
    "LC_ALL=C; export LC_ALL; echo '== user'; id -un; echo '== docker'; command -v docker; echo '== info'; "
    "info=$(docker info --format '{{json .}}' 2>&1); printf '%s\\n' \"$info\"; echo '== disk'; "
    "root=$(printf '%s' \"$info\" | sed -n 's/.*\"DockerRootDir\":\"\\([^\"]*\\)\".*/\\1/p'); "
    "df -Pk \"${root:-/var/lib}\" 2>/dev/null || df -Pk /var/lib; "
    "echo '== tcp'; cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; "
    "echo '== udp'; cat /proc/net/udp /proc/net/udp6 2>/dev/null; echo '== routes'; cat /proc/net/route 2>/dev/null; "
    "true";

constexpr int kManagerPort = 2377;
constexpr int kGossipPort = 7946;
constexpr int kOverlayPort = 4789;
constexpr std::string_view kInstall = "install Docker 20.10 or newer (Debian and Ubuntu: sudo apt install docker.io)";

std::map<std::string, std::string> sections_of(std::string_view text) {
  std::map<std::string, std::string> sections;
  std::string* at = nullptr;
  for (const std::string_view line : lines(text)) {
    if (line.starts_with("== ")) {
      at = &sections[std::string(line.substr(3))];
    } else if (at != nullptr) {
      (*at += line) += '\n';
    }
  }
  return sections;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (const std::string_view word : split(line, ' ')) {
    if (!trim(word).empty()) words.push_back(trim(word));
  }
  return words;
}

// Of /proc/net/tcp and udp: a port that something listens at, by the kernel's own words.
void add_taken(std::string_view table, bool tcp, std::vector<std::string>& taken) {
  constexpr std::string_view kListens = "0A";
  constexpr std::size_t kInode = 9;
  for (const std::string_view line : lines(table)) {
    const std::vector<std::string_view> fields = words_of(line);
    if (fields.size() <= kInode || (tcp && fields[3] != kListens)) continue;
    const std::size_t colon = fields[1].rfind(':');
    if (colon == std::string_view::npos) continue;
    const auto port = std::strtol(std::string(fields[1].substr(colon + 1)).c_str(), nullptr, 16);
    // A VXLAN device of the kernel's (inode 0) shares its port with others.
    const bool wanted = tcp ? port == kManagerPort || port == kGossipPort
                            : port == kGossipPort || (port == kOverlayPort && fields[kInode] != "0");
    const std::string name = fmt::format("{}/{}", port, tcp ? "tcp" : "udp");
    if (wanted && std::find(taken.begin(), taken.end(), name) == taken.end()) taken.push_back(name);
  }
}

// The last line of `df -Pk`.
void take_disk(std::string_view text, HostFacts& facts) {
  constexpr std::size_t kSize = 1;
  constexpr std::size_t kFree = 3;
  constexpr std::uint64_t kBlock = 1024;
  const std::vector<std::string_view> all = lines(text);
  const std::vector<std::string_view> fields = all.empty() ? std::vector<std::string_view>() : words_of(all.back());
  if (fields.size() <= kFree) return;
  const auto size = parse_int(fields[kSize]);
  const auto free = parse_int(fields[kFree]);
  if (!size || !free || *size < 0 || *free < 0) return;
  facts.disk_size = static_cast<std::uint64_t>(*size) * kBlock;
  facts.disk_free = static_cast<std::uint64_t>(*free) * kBlock;
}

void take_engine(std::string_view text, HostFacts& facts) {
  for (const std::string_view line : lines(text)) {
    if (!line.starts_with('{')) {
      if (!trim(line).empty()) facts.docker_said = clean_line(trim(line), 300);
      continue;
    }
    const Result<EngineInfo> engine = info_from_json(line);
    if (engine && !engine->version.empty()) {
      facts.engine = *engine;
    } else if (!engine) {
      facts.docker_said = engine.error().message;
    }
  }
}

double now_in_seconds() {
  return std::chrono::duration<double>(system_clock().stamp().time_since_epoch()).count();
}

// Its own small call: the answer's time is known to half the time that it takes.
void look_at_clock(const Machine& machine, HostFacts& facts) {
  const double before = now_in_seconds();
  const Result<std::string> said = machine.output({"date", "+%s.%N"});
  const double after = now_in_seconds();
  if (!said) return;
  const std::string text = said->substr(0, said->find_first_not_of("0123456789."));
  const auto there = parse_double(text.ends_with('.') ? text.substr(0, text.size() - 1) : text);
  if (!there) return;
  facts.clock = *there - (before + after) / 2;
  facts.clock_doubt = (after - before) / 2 + (text.size() > text.find('.') + 1 ? 0 : 1);
}

std::optional<std::pair<int, int>> version_of(const std::string& text) {
  const std::vector<std::string_view> parts = split(text, '.');
  if (parts.size() < 2) return {};
  const auto major = parse_int(parts[0]);
  const auto minor = parse_int(parts[1]);
  if (!major || !minor) return {};
  return std::pair(static_cast<int>(*major), static_cast<int>(*minor));
}

std::string gigabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

bool says(std::string_view text, std::string_view words) {
  return text.find(words) != std::string_view::npos;
}

std::string swarm_of(const EngineInfo& engine) {
  if (engine.is_manager) return fmt::format("a swarm of its own (manager {})", engine.address);
  return engine.managers.empty() ? "another swarm" : fmt::format("the swarm of {}", join(engine.managers, ", "));
}

// Its managers are those of these nodes.
bool is_of(const EngineInfo& engine, const std::vector<SwarmNode>& nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [&](const SwarmNode& node) {
    return node.is_manager() &&
           std::any_of(engine.managers.begin(), engine.managers.end(),
                       [&](const std::string& one) { return one.starts_with(node.address + ":"); });
  });
}

}  // namespace

HostFacts facts_from(std::string_view text, const std::string& name) {
  const std::map<std::string, std::string> sections = sections_of(text);
  const auto section = [&](const char* key) {
    const auto at = sections.find(key);
    return at == sections.end() ? std::string() : at->second;
  };
  HostFacts facts;
  facts.name = name;
  facts.user = clean_line(trim(section("user")), 64);
  facts.has_docker = !trim(section("docker")).empty();
  take_engine(section("info"), facts);
  take_disk(section("disk"), facts);
  add_taken(section("tcp"), true, facts.taken);
  add_taken(section("udp"), false, facts.taken);
  facts.routes = routes_from(section("routes"), name);
  return facts;
}

Result<HostFacts> look(const Machine& machine) {
  SIMSWARM_TRY(const Answer answer, machine.run({"sh", "-c", std::string(kLook)}));
  HostFacts facts = facts_from(answer.output, machine.name());
  if (facts.user.empty()) return environment_error("{} has no usable shell: {}", machine.name(), last_words(answer));
  look_at_clock(machine, facts);
  return facts;
}

std::vector<std::optional<HostFacts>> look(const std::vector<Machine>& machines, Findings& findings) {
  std::vector<std::future<Result<HostFacts>>> looks;
  looks.reserve(machines.size());
  for (const Machine& machine : machines)
    looks.push_back(std::async(std::launch::async, [&machine] { return look(machine); }));
  std::vector<std::optional<HostFacts>> all;
  for (std::size_t i = 0; i < machines.size(); ++i) {
    Result<HostFacts> one = looks[i].get();
    if (one) {
      all.emplace_back(std::move(*one));
      continue;
    }
    const std::string name = machines[i].name();
    std::string what = one.error().message;
    if (what.starts_with(name + " ")) what = what.substr(name.size() + 1);
    findings.push_back({"reach", name, what, fmt::format("`ssh {} true` has to work without a question", name)});
    all.emplace_back();
  }
  return all;
}

Findings check_engine(const HostFacts& host) {
  const auto finding = [&](std::string what, std::string remedy) {
    return Findings{{"engine", host.name, std::move(what), std::move(remedy)}};
  };
  if (!host.has_docker) return finding("there is no docker in its PATH", std::string(kInstall));
  if (!host.engine && says(host.docker_said, "permission denied"))
    return finding(fmt::format("user «{}» may not use Docker (permission denied)", host.user),
                   fmt::format("sudo usermod -aG docker {} there, and log in again", host.user));
  if (!host.engine && (host.docker_said.empty() || says(host.docker_said, "onnect to the Docker daemon")))
    return finding("Docker's server does not answer", "sudo systemctl enable --now docker there");
  if (!host.engine) return finding("docker info: " + host.docker_said, "see `docker info` there");
  const auto version = version_of(host.engine->version);
  if (version && *version < std::pair(20, 10))
    return {{"version", host.name, fmt::format("Docker {} is too old", host.engine->version), std::string(kInstall)}};
  return {};
}

Findings check_room(const HostFacts& host) {
  Findings findings;
  for (const std::string& port : host.taken) {
    const bool tcp = port.ends_with("tcp");
    findings.push_back({"port", host.name, fmt::format("port {} is taken, and a swarm needs it", port),
                        fmt::format("end what listens there (`sudo ss -{}np` tells)", tcp ? "lt" : "lu")});
  }
  if (host.disk_free && *host.disk_free < kLeastDisk)
    findings.push_back({"disk", host.name,
                        fmt::format("{} are free in {}, at least {} are needed", gigabytes(*host.disk_free),
                                    host.engine ? host.engine->root : "/var/lib", gigabytes(kLeastDisk)),
                        "make room there (`docker system df` tells what Docker takes)"});
  return findings;
}

Findings check_disk(const HostFacts& host) {
  constexpr std::uint64_t kPart = 10;
  if (!host.disk_free || *host.disk_free >= std::min(kLeastDisk, host.disk_size.value_or(0) / kPart)) return {};
  return {{"disk", host.name,
           fmt::format("its disk is nearly full: {} of {} are free in {}", gigabytes(*host.disk_free),
                       gigabytes(*host.disk_size), host.engine ? host.engine->root : "/var/lib"),
           "make room there (`docker system df` tells what Docker takes)"}};
}

Findings check_beside(const HostFacts& manager, const HostFacts& host) {
  Findings findings;
  if (manager.engine && host.engine && manager.engine->architecture != host.engine->architecture)
    findings.push_back({"architecture", host.name,
                        fmt::format("it is {}, and the manager {} is {}", host.engine->architecture, manager.name,
                                    manager.engine->architecture),
                        "programs of the one do not run on the other: make a swarm of each"});
  if (manager.clock && host.clock) {
    const double ahead = *host.clock - *manager.clock;
    if (std::abs(ahead) - host.clock_doubt - manager.clock_doubt > kMostClock)
      findings.push_back(
          {"clock", host.name,
           fmt::format("its clock is {} {} that of {} (at most {} s are right)", human_duration(std::abs(ahead)),
                       ahead > 0 ? "ahead of" : "behind", manager.name, kMostClock),
           "sudo timedatectl set-ntp true there"});
  }
  return findings;
}

Findings check_manager_state(const HostFacts& host) {
  if (!host.engine || host.engine->swarm == "inactive") return {};
  const EngineInfo& engine = *host.engine;
  const auto finding = [&](std::string what, std::string remedy) {
    return Findings{{"swarm", host.name, std::move(what), std::move(remedy)}};
  };
  if (engine.swarm == "locked") return finding("its swarm is locked", "docker swarm unlock there");
  if (engine.swarm != "active")
    return finding(fmt::format("its swarm is in state {}{}", engine.swarm,
                               engine.swarm_error.empty() ? "" : " (" + engine.swarm_error + ")"),
                   "docker swarm leave --force there, if that swarm is to be left");
  if (!engine.is_manager)
    return finding("it is a worker of " + swarm_of(engine),
                   "name that one with --manager, or docker swarm leave there");
  return {};
}

bool is_node(const HostFacts& host, const std::vector<SwarmNode>& nodes) {
  return host.engine && host.engine->swarm == "active" &&
         std::any_of(nodes.begin(), nodes.end(),
                     [&](const SwarmNode& node) { return node.id == host.engine->node_id; });
}

Findings check_worker_state(const HostFacts& host, const std::vector<SwarmNode>& nodes) {
  if (!host.engine || host.engine->swarm == "inactive" || is_node(host, nodes)) return {};
  const EngineInfo& engine = *host.engine;
  if (engine.swarm == "active" && !engine.is_manager && is_of(engine, nodes))
    return {{"swarm", host.name, "it takes itself for a node of this swarm, which has removed it",
             "docker swarm leave --force there, then again"}};
  const std::string leave =
      fmt::format("docker swarm leave{} there, if it is to leave that", engine.is_manager ? " --force" : "");
  if (engine.swarm == "active") return {{"swarm", host.name, "it is in " + swarm_of(engine) + " already", leave}};
  return {{"swarm", host.name,
           fmt::format("its swarm is in state {}{}", engine.swarm,
                       engine.swarm_error.empty() ? "" : " (" + engine.swarm_error + ")"),
           "docker swarm leave --force there, then again"}};
}

Findings check_names(const std::vector<HostFacts>& hosts, const std::vector<SwarmNode>& nodes) {
  constexpr std::string_view kRename =
      "dashboards tell nodes apart by it: sudo hostnamectl set-hostname NAME there, then restart Docker";
  Findings findings;
  std::map<std::string, const HostFacts*> seen;
  for (const HostFacts& host : hosts) {
    if (!host.engine) continue;
    const auto [at, is_new] = seen.emplace(host.engine->hostname, &host);
    if (!is_new && !host.engine->id.empty() && at->second->engine->id == host.engine->id) {
      findings.push_back({"name", host.name, "it is the same computer as " + at->second->name, "name it once"});
      continue;
    }
    const auto twin = std::find_if(nodes.begin(), nodes.end(), [&](const SwarmNode& node) {
      return node.hostname == host.engine->hostname && node.id != host.engine->node_id && node.is_ready();
    });
    const std::string other = !is_new               ? at->second->name
                              : twin != nodes.end() ? fmt::format("node {} ({})", twin->id, twin->address)
                                                    : "";
    if (!other.empty())
      findings.push_back({"name", host.name,
                          fmt::format("its host name «{}» is that of {}, too", host.engine->hostname, other),
                          std::string(kRename)});
  }
  return findings;
}

Result<Findings> check_subnets(const std::string& interlink, const std::string& buildnet,
                               const std::vector<TakenSubnet>& taken) {
  SIMSWARM_TRY(const Subnet first, overlay_subnet("--interlink", interlink));
  SIMSWARM_TRY(const Subnet second, overlay_subnet("--buildnet", buildnet));
  std::vector<Subnet> all{first, second};
  for (const TakenSubnet& one : taken) all.push_back(one.subnet);
  const auto proposal = [&] {
    const auto free = free_subnet(all);
    return free ? to_text(*free) + " is free" : std::string("give another one");
  };
  if (first.overlaps(second))
    return usage_error("--interlink {} and --buildnet {} overlap: {}", interlink, buildnet, proposal());
  Findings findings;
  for (const auto& [option, subnet] : {std::pair("--interlink", first), std::pair("--buildnet", second)}) {
    const auto clash = std::find_if(taken.begin(), taken.end(),
                                    [&, &own = subnet](const TakenSubnet& one) { return one.subnet.overlaps(own); });
    if (clash == taken.end()) continue;
    findings.push_back({"subnet", fmt::format("{} {}", option, to_text(subnet)),
                        fmt::format("it lies upon {}, {}", to_text(clash->subnet), clash->by),
                        fmt::format("{}: {} …", proposal(), option)});
    if (const auto free = free_subnet(all)) {
      findings.back().remedy = fmt::format("{} is free: {} {}", to_text(*free), option, to_text(*free));
      all.push_back(*free);
    }
  }
  return findings;
}

}  // namespace simswarm::cluster
