#include "campaign/build_request.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "queue/job_queue.h"

namespace simswarm::campaign {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 32;

std::string dumped(const json& value) {
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

json parsed(std::string_view text) {
  return json_depth(text) > kDeepest ? json(json::value_t::discarded) : json::parse(text, nullptr, false);
}

json pairs(const std::vector<Brought>& brought) {
  json list = json::array();
  for (const Brought& one : brought) list.push_back({one.name, one.value});
  return list;
}

Digest digest_or_none(const std::string& hex) {
  return hex.empty() ? Digest() : Digest::parse(hex).value_or(Digest());
}

void take(const json& object, BuildRequest& request) {
  request.campaign = object.at("campaign");
  request.name = object.at("name");
  request.host = object.at("host");
  request.project = object.at("project");
  request.tree = object.at("tree");
  request.top = object.at("top");
  request.roots = object.at("roots").get<std::vector<std::string>>();
  request.folder = object.at("folder");
  request.steps = object.at("steps").get<std::vector<std::vector<std::string>>>();
  request.steps_folder = object.at("steps_folder");
  request.mode = object.at("mode");
  request.image = object.at("image");
  for (const json& pair : object.at("environment"))
    request.environment.push_back({pair.at(0).get<std::string>(), pair.at(1).get<std::string>()});
  request.study = object.at("study");
  request.key_environment = object.at("key_environment").get<std::vector<std::string>>();
  request.inputs = object.at("inputs").get<std::vector<std::string>>();
  request.run_number_unused = object.at("run_number_unused");
  request.queue = object.at("queue");
  request.retries = object.at("retries");
  request.max_lost = object.at("max_lost");
  request.priority = object.at("priority");
  request.known = digest_or_none(object.at("known"));
  request.durations = digest_or_none(object.at("durations"));
}

// As names of queues have to be.
std::string as_name(std::string_view image) {
  std::string name;
  for (const char c : image) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
    name += plain ? c : '_';
  }
  return name;
}

bool stays_inside(const fs::path& path) {
  const fs::path normal = path.lexically_normal();
  return !normal.is_absolute() && (normal.empty() || *normal.begin() != "..");
}

Status check(const BuildRequest& request) {
  SIMSWARM_CHECK(jobs::check_id({request.campaign}));
  SIMSWARM_CHECK(jobs::check_queue({request.queue}));
  constexpr std::size_t kLongest = 64;
  const bool is_plain =
      std::all_of(request.project.begin(), request.project.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  if (!is_plain || request.project.empty() || request.project.size() > kLongest)
    return usage_error("a build: the project «{}» is no name of letters and digits",
                       request.project.substr(0, kLongest));
  std::vector<std::string> paths = request.roots;
  paths.insert(paths.end(), {request.folder, request.steps_folder});
  for (const std::string& path : paths) {
    if (!stays_inside(path)) return usage_error("a build: the folder «{}» does not lie in its tree", path);
  }
  if (request.roots.empty()) return usage_error("a build: it has no root");
  if (request.mode != "release" && request.mode != "debug")
    return usage_error("a build: mode «{}»: expected release or debug", request.mode);
  for (const Brought& one : request.environment) {
    if (one.name.empty() || one.name.find_first_of(std::string_view("=\0", 2)) != std::string::npos ||
        one.value.find('\0') != std::string::npos)
      return usage_error("a build: «{}» names no environment variable", one.name);
  }
  return {};
}

}  // namespace

std::string to_json(const BuildRequest& request) {
  return dumped({{"protocol", kBuildProtocol},
                 {"campaign", request.campaign},
                 {"name", request.name},
                 {"host", request.host},
                 {"project", request.project},
                 {"tree", request.tree},
                 {"top", request.top},
                 {"roots", request.roots},
                 {"folder", request.folder},
                 {"steps", request.steps},
                 {"steps_folder", request.steps_folder},
                 {"mode", request.mode},
                 {"image", request.image},
                 {"environment", pairs(request.environment)},
                 {"study", request.study},
                 {"key_environment", request.key_environment},
                 {"inputs", request.inputs},
                 {"run_number_unused", request.run_number_unused},
                 {"queue", request.queue},
                 {"retries", request.retries},
                 {"max_lost", request.max_lost},
                 {"priority", request.priority},
                 {"known", request.known.hex()},
                 {"durations", request.durations.hex()}});
}

Result<BuildRequest> parse_build_request(std::string_view text) {
  const json object = parsed(text);
  if (!object.is_object()) return usage_error("a build: what is asked for is no JSON object");
  BuildRequest request;
  try {
    if (const int protocol = object.at("protocol"); protocol != kBuildProtocol)
      return usage_error("a build: protocol {}; this builder speaks {}", protocol, kBuildProtocol);
    take(object, request);
  } catch (const json::exception& error) {
    return usage_error("a build: a field is missing or of another kind: {}", error.what());
  }
  SIMSWARM_CHECK(check(request));
  return request;
}

std::string payload_of(const BuildJob& job) {
  return fmt::format(R"(["{}",null,["{}","{}"],{{}}])", kBuildFunction, job.campaign, job.request.hex());
}

Result<BuildJob> parse_build_payload(std::string_view payload) {
  const json call = parsed(payload);
  const bool is_call = call.is_array() && call.size() >= 3 && call[0].is_string() && call[2].is_array();
  if (!is_call || call[0].get_ref<const std::string&>() != kBuildFunction)
    return usage_error("a builder executes {} alone", kBuildFunction);
  const json& arguments = call[2];
  if (arguments.size() != 2 || !arguments[0].is_string() || !arguments[1].is_string())
    return usage_error("{} takes a campaign and the digest of a request", kBuildFunction);
  BuildJob job;
  job.campaign = arguments[0].get<std::string>();
  SIMSWARM_CHECK(jobs::check_id({job.campaign}));
  SIMSWARM_TRY(job.request, Digest::parse(arguments[1].get<std::string>()));
  return job;
}

std::string build_queue(std::string_view image) {
  return image.empty() ? std::string(kBuildQueue) : fmt::format("{}-{}", kBuildQueue, as_name(image));
}

std::string run_queue(std::string_view campaign, std::string_view image) {
  return image.empty() ? fmt::format("run-{}", campaign) : fmt::format("image-{}.run-{}", as_name(image), campaign);
}

std::string build_job_id(std::string_view campaign) {
  return fmt::format("{}-build", campaign);
}

std::string campaign_of_build(std::string_view job_id) {
  constexpr std::string_view kEnd = "-build";
  return job_id.ends_with(kEnd) ? std::string(job_id.substr(0, job_id.size() - kEnd.size())) : std::string();
}

std::string build_description(std::string_view name) {
  return fmt::format("build {}", name);
}

std::string to_json(const BuildAnswer& answer) {
  return dumped({{"code", answer.code},
                 {"message", answer.message},
                 {"key", answer.key},
                 {"was_known", answer.was_known},
                 {"plan_was_known", answer.plan_was_known},
                 {"compiled", answer.compiled},
                 {"hits", answer.hits},
                 {"remote", answer.remote},
                 {"seconds", answer.seconds},
                 {"runs", answer.runs},
                 {"queued", answer.queued}});
}

std::optional<BuildAnswer> parse_build_answer(std::string_view text) {
  const json object = parsed(text);
  if (!object.is_object()) return std::nullopt;
  try {
    BuildAnswer answer;
    answer.code = object.at("code");
    answer.message = object.at("message");
    answer.key = object.at("key");
    answer.was_known = object.at("was_known");
    answer.plan_was_known = object.at("plan_was_known");
    answer.compiled = object.at("compiled");
    answer.hits = object.at("hits");
    answer.remote = object.at("remote");
    answer.seconds = object.at("seconds");
    answer.runs = object.at("runs");
    answer.queued = object.at("queued");
    return answer;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

std::string to_json(const BuildView& view) {
  return dumped({{"phase", view.phase},
                 {"compiled", view.compiled},
                 {"hits", view.hits},
                 {"remote", view.remote},
                 {"expected", view.expected},
                 {"hosts", view.hosts},
                 {"seconds", view.seconds}});
}

std::optional<BuildView> parse_build_view(std::string_view text) {
  const json object = parsed(text);
  if (!object.is_object()) return std::nullopt;
  try {
    BuildView view;
    view.phase = object.at("phase");
    view.compiled = object.at("compiled");
    view.hits = object.at("hits");
    view.remote = object.at("remote");
    view.expected = object.at("expected");
    view.hosts = object.at("hosts");
    view.seconds = object.at("seconds");
    return view;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

std::string durations_text(const std::vector<KnownDuration>& durations) {
  json list = json::array();
  for (const KnownDuration& one : durations) {
    json variables = json::array();
    for (const Variable& variable : one.run.variables) variables.push_back({variable.name, variable.value});
    list.push_back({one.run.config, std::move(variables), one.seconds});
  }
  return dumped(list);
}

std::vector<KnownDuration> parse_durations(std::string_view text) {
  std::vector<KnownDuration> durations;
  const json list = parsed(text);
  if (!list.is_array()) return durations;
  for (const json& entry : list) {
    try {
      KnownDuration one;
      one.run.config = entry.at(0).get<std::string>();
      for (const json& pair : entry.at(1))
        one.run.variables.push_back({pair.at(0).get<std::string>(), pair.at(1).get<std::string>()});
      one.seconds = entry.at(2).get<double>();
      durations.push_back(std::move(one));
    } catch (const json::exception&) {
      continue;
    }
  }
  return durations;
}

}  // namespace simswarm::campaign
