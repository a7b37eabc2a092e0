#include "worker/assignment.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "queue/job_queue.h"

namespace simswarm::worker {
namespace {

using nlohmann::json;

// Reads fields of an object, and says what is wrong with the first that is.
class Fields {
 public:
  explicit Fields(const json& object) : object_(object) {}

  template <typename T>
  void take(const char* name, T& to) {
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return;
    ++taken_;
    try {
      to = found->template get<T>();
    } catch (const json::exception&) {
      wrong(name, *found);
    }
  }
  template <typename T>
  void take(const char* name, std::optional<T>& to) {
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return;
    T value{};
    take(name, value);
    to = value;
  }
  // Given as nested lists or objects that `read` turns into what is wanted.
  template <typename Read>
  void read(const char* name, Read&& read) {
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return;
    ++taken_;
    try {
      read(*found);
    } catch (const json::exception&) {
      wrong(name, *found);
    }
  }
  [[nodiscard]] Status end(std::initializer_list<const char*> known) const {
    if (!wrong_.empty()) return usage_error("{}", wrong_);
    for (const auto& item : object_.items()) {
      const std::string& name = item.key();
      const auto is = [&](const char* one) { return name == one; };
      if (std::none_of(known.begin(), known.end(), is))
        return usage_error("there is no field «{}» in a job of simswarm.run", name);
    }
    return {};
  }

 private:
  void wrong(const char* name, const json& value) {
    if (wrong_.empty())
      wrong_ = fmt::format("the field «{}» cannot be {}", name,
                           value.dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 60));
  }

  const json& object_;
  int taken_ = 0;
  std::string wrong_;
};

constexpr std::initializer_list<const char*> kKnown{
    "protocol",    "dialect",     "folder",   "command",  "name",    "grid",          "zipped",     "points",
    "constraints", "repetitions", "seeds",    "results",  "stdout",  "success_codes", "require",    "success",
    "progress",    "all_configs", "serial",   "distinct", "timeout", "memory",        "max_output", "stall",
    "batch",       "run",         "artifact", "plan",     "objects", "environment",   "seen_at",    "same_cpu"};

json parameters(const std::vector<Parameter>& list) {
  json out = json::array();
  for (const Parameter& one : list) out.push_back({one.name, one.values});
  return out;
}

std::vector<Parameter> parameters(const json& list) {
  std::vector<Parameter> out;
  for (const json& one : list) out.push_back({one.at(0).get<std::string>(), one.at(1).get<std::vector<std::string>>()});
  return out;
}

json points(const std::vector<std::vector<Variable>>& list) {
  json out = json::array();
  for (const std::vector<Variable>& point : list) {
    json one = json::array();
    for (const Variable& variable : point) one.push_back({variable.name, variable.value});
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<std::vector<Variable>> points(const json& list) {
  std::vector<std::vector<Variable>> out;
  for (const json& point : list) {
    std::vector<Variable>& one = out.emplace_back();
    for (const json& pair : point) one.push_back({pair.at(0).get<std::string>(), pair.at(1).get<std::string>()});
  }
  return out;
}

// What says what its absence says is left out.
void put(json& object, const SweepSpec& spec) {
  const SweepSpec usual;
  const auto add = [&](const char* name, const auto& value, const auto& unless) {
    if (value != unless) object[name] = value;
  };
  object["dialect"] = "command";
  object["command"] = spec.command;
  add("name", spec.name, usual.name);
  if (!spec.grid.empty()) object["grid"] = parameters(spec.grid);
  for (const auto& group : spec.zipped) object["zipped"].push_back(parameters(group));
  if (!spec.points.empty()) object["points"] = points(spec.points);
  add("constraints", spec.constraints, usual.constraints);
  add("repetitions", spec.repetitions, usual.repetitions);
  add("seeds", spec.seeds, usual.seeds);
  add("results", spec.results, usual.results);
  add("stdout", spec.stdout_file, usual.stdout_file);
  add("success_codes", spec.success_codes, usual.success_codes);
  add("require", spec.required_files, usual.required_files);
  add("success", spec.success_pattern, usual.success_pattern);
  add("progress", spec.progress_pattern, usual.progress_pattern);
}

void put(json& object, const CmdenvRequest& request) {
  object["dialect"] = "cmdenv";
  object["command"] = request.words;
  if (request.all_configs) object["all_configs"] = true;
  if (request.shared_files == SharedFiles::kSerial) object["serial"] = true;
  if (request.distinct_names) object["distinct"] = true;
}

json object_of(const StudySpec& spec) {
  json object{{"protocol", kJobProtocol}, {"folder", spec.folder.string()}};
  std::visit([&](const auto& kind) { put(object, kind); }, spec.kind);
  if (spec.limits.timeout) object["timeout"] = *spec.limits.timeout;
  if (spec.limits.memory) object["memory"] = *spec.limits.memory;
  if (spec.limits.output) object["max_output"] = *spec.limits.output;
  if (spec.stall) object["stall"] = *spec.stall;
  if (spec.batch_size) object["batch"] = *spec.batch_size;
  if (spec.same_cpu) object["same_cpu"] = true;
  if (!spec.seen_at.empty()) object["seen_at"] = spec.seen_at.string();
  for (const Brought& one : spec.brought) object["environment"][one.name] = one.value;
  if (spec.stored) {
    object["artifact"] = spec.stored->artifact.hex();
    object["plan"] = spec.stored->plan.hex();
    for (const auto& [path, digest] : spec.stored->objects) object["objects"][path] = digest.hex();
  }
  return object;
}

constexpr std::size_t kDeepest = 32;  // nobody needs more than six

// Discarded where it is none, or nested as if to overflow a stack.
json parsed(std::string_view text) {
  return json_depth(text) > kDeepest ? json(json::value_t::discarded) : json::parse(text, nullptr, false);
}

std::string dumped(const json& value) {
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

void take_kind(Fields& fields, const std::string& dialect, StudySpec& spec) {
  if (dialect == "cmdenv") {
    CmdenvRequest request;
    request.working_folder = spec.folder;
    bool serial = false;
    fields.take("command", request.words);
    fields.take("all_configs", request.all_configs);
    fields.take("serial", serial);
    fields.take("distinct", request.distinct_names);
    if (serial) request.shared_files = SharedFiles::kSerial;
    spec.kind = std::move(request);
    return;
  }
  SweepSpec sweep;
  fields.take("command", sweep.command);
  fields.take("name", sweep.name);
  fields.read("grid", [&](const json& list) { sweep.grid = parameters(list); });
  fields.read("zipped", [&](const json& groups) {
    for (const json& group : groups) sweep.zipped.push_back(parameters(group));
  });
  fields.read("points", [&](const json& list) { sweep.points = points(list); });
  fields.take("constraints", sweep.constraints);
  fields.take("repetitions", sweep.repetitions);
  fields.take("seeds", sweep.seeds);
  fields.take("results", sweep.results);
  fields.take("stdout", sweep.stdout_file);
  fields.take("success_codes", sweep.success_codes);
  fields.take("require", sweep.required_files);
  fields.take("success", sweep.success_pattern);
  fields.take("progress", sweep.progress_pattern);
  spec.kind = std::move(sweep);
}

Status take_stored(Fields& fields, StudySpec& spec) {
  std::string artifact;
  std::string plan;
  std::map<std::string, std::string> objects;
  fields.take("artifact", artifact);
  fields.take("plan", plan);
  fields.take("objects", objects);
  if (artifact.empty() && plan.empty() && objects.empty()) return {};
  StoredStudy stored;
  SIMSWARM_TRY(stored.artifact, Digest::parse(artifact));
  SIMSWARM_TRY(stored.plan, Digest::parse(plan));
  for (const auto& [path, hex] : objects) {
    SIMSWARM_TRY(stored.objects[path], Digest::parse(hex));
  }
  spec.stored = std::move(stored);
  return {};
}

// A folder of an artifact, from its top.
bool stays_inside(const fs::path& folder) {
  const fs::path normal = folder.lexically_normal();
  return !normal.is_absolute() && (normal.empty() || *normal.begin() != "..");
}

Status check(const StudySpec& spec, const std::string& dialect, int protocol) {
  if (protocol != kJobProtocol) return usage_error("protocol {}: this worker speaks {}", protocol, kJobProtocol);
  if (dialect != "command" && dialect != "cmdenv")
    return usage_error("dialect «{}»: there are command and cmdenv", dialect);
  if (spec.stored && !stays_inside(spec.folder))
    return usage_error("the folder «{}» does not lie in the artifact", spec.folder.string());
  if (!spec.stored && !spec.folder.is_absolute())
    return usage_error("the folder «{}» is no absolute path", spec.folder.string());
  if (spec.same_cpu && !spec.stored)
    return usage_error(
        "its runs are to keep to one kind of processor, which only a store can tell all workers (--store)");
  const bool timed = spec.limits.timeout.value_or(1) > 0 && spec.stall.value_or(1) > 0;
  if (!timed || spec.batch_size.value_or(1) < 1) return usage_error("a limit of it, or the runs a process, is below 1");
  const bool has_words = std::visit(
      [](const auto& kind) {
        if constexpr (std::is_same_v<std::decay_t<decltype(kind)>, SweepSpec>)
          return !kind.command.empty();
        else
          return !kind.words.empty();
      },
      spec.kind);
  return has_words ? Status() : usage_error("it has no command");
}

}  // namespace

std::string to_json(const StudySpec& spec) {
  return dumped(object_of(spec));
}

Result<StudySpec> parse_study(std::string_view text) {
  const json object = parsed(text);
  if (!object.is_object()) return usage_error("what is to be done is no JSON object");
  StudySpec spec;
  Fields fields(object);
  int protocol = kJobProtocol;
  std::string dialect = "command";
  std::string folder;
  fields.take("protocol", protocol);
  fields.take("dialect", dialect);
  fields.take("folder", folder);
  spec.folder = fs::path(folder).lexically_normal();
  take_kind(fields, dialect, spec);
  fields.take("timeout", spec.limits.timeout);
  fields.take("memory", spec.limits.memory);
  fields.take("max_output", spec.limits.output);
  fields.take("stall", spec.stall);
  fields.take("batch", spec.batch_size);
  fields.take("same_cpu", spec.same_cpu);
  SIMSWARM_CHECK(take_stored(fields, spec));
  std::string seen_at;
  fields.take("seen_at", seen_at);
  spec.seen_at = seen_at;
  std::map<std::string, std::string> environment;
  fields.take("environment", environment);
  for (auto& [name, value] : environment) spec.brought.push_back({name, std::move(value)});
  std::visit([&](auto& kind) { kind.brought = spec.brought; }, spec.kind);
  SIMSWARM_CHECK(fields.end(kKnown));
  SIMSWARM_CHECK(check(spec, dialect, protocol));
  return spec;
}

Result<std::unique_ptr<Dialect>> make_dialect(const StudySpec& spec,
                                              const std::optional<std::pair<unsigned, unsigned>>& run_as) {
  if (const auto* given = std::get_if<CmdenvRequest>(&spec.kind)) {
    CmdenvRequest request = *given;
    request.run_as = run_as;
    return make_cmdenv_dialect(std::move(request));
  }
  return make_command_dialect(std::get<SweepSpec>(spec.kind), spec.folder);
}

std::string payload_of(std::string_view campaign, std::size_t position) {
  return fmt::format(R"(["{}",null,["{}",{}],{{}}])", kRunFunction, campaign, position);
}

std::string payload_of(const StudySpec& spec, std::size_t position) {
  json object = object_of(spec);
  if (position != 0) object["run"] = position;
  return dumped(json::array({kRunFunction, nullptr, json::array(), std::move(object)}));
}

Result<Assignment> parse_payload(std::string_view payload) {
  json call = parsed(payload);
  if (!call.is_array() || call.empty() || !call[0].is_string())
    return usage_error("its payload is no call: [\"function\", null, [arguments], {{named arguments}}]");
  const auto& function = call[0].get_ref<const std::string&>();
  if (function == kNothingFunction) return Assignment{true, {}, {}, 0};
  if (function != kRunFunction) {
    return usage_error("it asks for «{}»: workers of simswarm execute {} and {} alone", function, kRunFunction,
                       kNothingFunction);
  }
  const json arguments = call.size() > 2 ? call[2] : json::array();
  json named = call.size() > 3 ? call[3] : json::object();
  Assignment assignment;
  if (!arguments.is_array() || !named.is_object()) return usage_error("the arguments of {} are no list", kRunFunction);
  if (arguments.size() == 2 && arguments[0].is_string() && arguments[1].is_number_unsigned()) {
    assignment.campaign = arguments[0].get<std::string>();
    SIMSWARM_CHECK(jobs::check_id({assignment.campaign}));
    assignment.position = arguments[1].get<std::size_t>();
    return assignment;
  }
  if (!arguments.empty())
    return usage_error("{} takes a campaign and a position, or named arguments alone", kRunFunction);
  if (const auto run = named.find("run"); run != named.end()) {
    if (!run->is_number_unsigned()) return usage_error("the field «run» is no position in the list of runs");
    assignment.position = run->get<std::size_t>();
    named.erase(run);
  }
  assignment.study = dumped(named);
  return assignment;
}

}  // namespace simswarm::worker
