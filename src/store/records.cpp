#include "store/records.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace simswarm::store {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 32;

bool is_utf8(std::string_view text) {
  try {
    (void)json(text).dump();
    return true;
  } catch (const json::type_error&) {
    return false;
  }
}

std::string hex_of(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

std::optional<std::string> bytes_of(std::string_view hex) {
  const auto value = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = value(hex[i]);
    const int low = value(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

json text_json(std::string_view text) {
  // NUL is refused by some servers, though it is good UTF-8.
  if (is_utf8(text) && text.find('\0') == std::string_view::npos) return text;
  return json{{"hex", hex_of(text)}};
}

std::int64_t micros(Stamp stamp) {
  return stamp.time_since_epoch().count();
}

// Fields of a JSON object that somebody else may have written, each of the kind that is expected or an error that names
// it.
class Fields {
 public:
  [[nodiscard]] static Result<Fields> parse(std::string_view json, std::string what);

  [[nodiscard]] bool has(const char* name) const;
  [[nodiscard]] Result<std::string> text(const char* name) const;
  [[nodiscard]] Result<std::vector<std::string>> texts(const char* name) const;
  [[nodiscard]] Result<std::int64_t> number(const char* name) const;
  [[nodiscard]] Result<int> small(const char* name) const;  // fits an int
  [[nodiscard]] Result<std::uint64_t> size(const char* name) const;
  [[nodiscard]] Result<double> real(const char* name) const;
  [[nodiscard]] Result<Digest> digest(const char* name) const;
  [[nodiscard]] Result<Stamp> stamp(const char* name) const;
  [[nodiscard]] Result<std::vector<Fields>> objects(const char* name) const;
  [[nodiscard]] tl::unexpected<Error> wrong(const char* name, std::string_view value) const;

 private:
  Fields(std::shared_ptr<const json> all, const json* object, std::string what)
      : all_(std::move(all)), object_(object), what_(std::move(what)) {}
  [[nodiscard]] Result<const json*> find(const char* name) const;
  [[nodiscard]] Result<std::string> text_of(const char* name, const json& value) const;

  std::shared_ptr<const json> all_;
  const json* object_;  // in all_
  std::string what_;
};

Result<Fields> Fields::parse(std::string_view text, std::string what) {
  if (json_depth(text) > kDeepest) return environment_error("{}: nested deeper than {} levels", what, kDeepest);
  auto parsed = std::make_shared<json>(json::parse(text, nullptr, false));
  if (!parsed->is_object()) return environment_error("{}: no JSON object", what);
  const json* object = parsed.get();
  return Fields(std::move(parsed), object, std::move(what));
}

tl::unexpected<Error> Fields::wrong(const char* name, std::string_view value) const {
  return environment_error("{}: its «{}» is wrong: {}", what_, name, value.substr(0, 200));
}

bool Fields::has(const char* name) const {
  return object_->contains(name);
}

Result<const json*> Fields::find(const char* name) const {
  const auto found = object_->find(name);
  if (found == object_->end()) return environment_error("{}: it has no «{}»", what_, name);
  return &*found;
}

Result<std::string> Fields::text_of(const char* name, const json& value) const {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.size() == 1 && value.contains("hex") && value["hex"].is_string()) {
    const auto bytes = bytes_of(value["hex"].get_ref<const std::string&>());
    if (bytes) return *bytes;
  }
  return wrong(name, value.dump(-1, ' ', true, json::error_handler_t::replace));
}

Result<std::string> Fields::text(const char* name) const {
  SIMSWARM_TRY(const json* value, find(name));
  return text_of(name, *value);
}

Result<std::vector<std::string>> Fields::texts(const char* name) const {
  SIMSWARM_TRY(const json* list, find(name));
  if (!list->is_array()) return wrong(name, "no list");
  std::vector<std::string> texts;
  for (const json& value : *list) {
    SIMSWARM_TRY(std::string text, text_of(name, value));
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<std::int64_t> Fields::number(const char* name) const {
  SIMSWARM_TRY(const json* value, find(name));
  if (!value->is_number_integer() || (value->is_number_unsigned() && value->get<std::uint64_t>() >> 63U != 0))
    return wrong(name, value->dump(-1, ' ', true, json::error_handler_t::replace));
  return value->get<std::int64_t>();
}

Result<int> Fields::small(const char* name) const {
  SIMSWARM_TRY(const std::int64_t value, number(name));
  if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max())
    return wrong(name, std::to_string(value));
  return static_cast<int>(value);
}

Result<std::uint64_t> Fields::size(const char* name) const {
  SIMSWARM_TRY(const std::int64_t value, number(name));
  if (value < 0) return wrong(name, std::to_string(value));
  return static_cast<std::uint64_t>(value);
}

Result<double> Fields::real(const char* name) const {
  SIMSWARM_TRY(const json* value, find(name));
  if (!value->is_number()) return wrong(name, value->dump(-1, ' ', true, json::error_handler_t::replace));
  return value->get<double>();
}

Result<Digest> Fields::digest(const char* name) const {
  SIMSWARM_TRY(const std::string hex, text(name));
  auto digest = Digest::parse(hex);
  if (!digest) return wrong(name, digest.error().message);
  return digest;
}

Result<Stamp> Fields::stamp(const char* name) const {
  SIMSWARM_TRY(const std::int64_t value, number(name));
  return Stamp(std::chrono::microseconds(value));
}

Result<std::vector<Fields>> Fields::objects(const char* name) const {
  SIMSWARM_TRY(const json* list, find(name));
  if (!list->is_array()) return wrong(name, "no list");
  std::vector<Fields> objects;
  for (const json& value : *list) {
    if (!value.is_object()) return wrong(name, "no list of objects");
    objects.push_back(Fields(all_, &value, what_));
  }
  return objects;
}

// JSON has no other numbers: they would be written as «null», and nobody could read the record.
double finite(double number) {
  return std::isfinite(number) ? number : 0;
}

json json_of(const AttemptRecord& record) {
  const Attempt& attempt = record.attempt;
  const Verdict& verdict = attempt.verdict;
  json body{{"v", kRecordVersion},
            {"key", attempt.key.digest.hex()},
            {"campaign", attempt.campaign},
            {"number", attempt.number},
            {"run", text_json(record.run)},
            {"outcome", to_text(verdict.outcome)},
            {"worker", text_json(record.worker)},
            {"host", text_json(attempt.host)},
            {"exit_code", attempt.exit_code},
            {"started", micros(attempt.started)},
            {"ended", micros(attempt.ended)},
            {"wall_seconds", finite(attempt.usage.wall_seconds)},
            {"user_seconds", finite(attempt.usage.user_seconds)},
            {"system_seconds", finite(attempt.usage.system_seconds)},
            {"peak_memory", attempt.usage.peak_memory},
            {"result_bytes", attempt.usage.result_bytes},
            {"events", attempt.usage.events}};
  json command = json::array();
  for (const std::string& word : attempt.command) command.push_back(text_json(word));
  body["command"] = std::move(command);
  if (!verdict.message.empty()) body["message"] = text_json(verdict.message);
  if (!verdict.place.simulated_time.empty()) body["simulated_time"] = text_json(verdict.place.simulated_time);
  if (verdict.place.event) body["event"] = *verdict.place.event;
  if (!verdict.place.module.empty()) body["module"] = text_json(verdict.place.module);
  if (!attempt.cpu.empty()) body["cpu"] = text_json(attempt.cpu);
  if (!record.output.empty()) body["output"] = text_json(record.output);
  if (!record.errors.empty()) body["errors"] = text_json(record.errors);
  return body;
}

// What is stored is of one version for all kinds of records.
Status expect_version(const Fields& fields) {
  SIMSWARM_TRY(const std::int64_t version, fields.number("v"));
  if (version != kRecordVersion)
    return fields.wrong("v", fmt::format("version {}; this simswarm knows {}", version, kRecordVersion));
  return {};
}

Status read_attempt(const Fields& fields, AttemptRecord& record) {
  Attempt& attempt = record.attempt;
  SIMSWARM_CHECK(expect_version(fields));
  SIMSWARM_TRY(attempt.key.digest, fields.digest("key"));
  SIMSWARM_TRY(attempt.campaign, fields.text("campaign"));
  SIMSWARM_TRY(attempt.number, fields.small("number"));
  SIMSWARM_TRY(record.run, fields.text("run"));
  SIMSWARM_TRY(const std::string outcome, fields.text("outcome"));
  const auto known = outcome_from(outcome);
  if (!known) return fields.wrong("outcome", outcome);
  Verdict& verdict = attempt.verdict;
  verdict.outcome = *known;
  SIMSWARM_TRY(record.worker, fields.text("worker"));
  SIMSWARM_TRY(attempt.host, fields.text("host"));
  SIMSWARM_TRY(attempt.exit_code, fields.small("exit_code"));
  SIMSWARM_TRY(attempt.started, fields.stamp("started"));
  SIMSWARM_TRY(attempt.ended, fields.stamp("ended"));
  SIMSWARM_TRY(attempt.usage.wall_seconds, fields.real("wall_seconds"));
  SIMSWARM_TRY(attempt.usage.user_seconds, fields.real("user_seconds"));
  SIMSWARM_TRY(attempt.usage.system_seconds, fields.real("system_seconds"));
  SIMSWARM_TRY(attempt.usage.peak_memory, fields.size("peak_memory"));
  SIMSWARM_TRY(attempt.usage.result_bytes, fields.size("result_bytes"));
  SIMSWARM_TRY(attempt.usage.events, fields.size("events"));
  SIMSWARM_TRY(attempt.command, fields.texts("command"));
  if (fields.has("message")) {
    SIMSWARM_TRY(verdict.message, fields.text("message"));
  }
  if (fields.has("simulated_time")) {
    SIMSWARM_TRY(verdict.place.simulated_time, fields.text("simulated_time"));
  }
  if (fields.has("event")) {
    SIMSWARM_TRY(verdict.place.event, fields.number("event"));
  }
  if (fields.has("module")) {
    SIMSWARM_TRY(verdict.place.module, fields.text("module"));
  }
  if (fields.has("cpu")) {
    SIMSWARM_TRY(attempt.cpu, fields.text("cpu"));
  }
  if (fields.has("output")) {
    SIMSWARM_TRY(record.output, fields.text("output"));
  }
  if (fields.has("errors")) {
    SIMSWARM_TRY(record.errors, fields.text("errors"));
  }
  return {};
}

Status read_files(const Fields& fields, RunRecord& record) {
  SIMSWARM_TRY(const std::vector<Fields> list, fields.objects("files"));
  for (const Fields& one : list) {
    ResultFile& file = record.files.emplace_back();
    SIMSWARM_TRY(file.path, one.text("path"));
    SIMSWARM_TRY(file.size, one.size("size"));
    SIMSWARM_TRY(file.digest, one.digest("sha256"));
    if (file.path.empty() || file.path.front() == '/' || file.path.find('\0') != std::string::npos)
      return one.wrong("path", file.path);
    if (!one.has("mtime_ns")) continue;
    OwnBlob& own = record.own.emplace_back();
    own.file = record.files.size() - 1;
    SIMSWARM_TRY(own.mtime_ns, one.number("mtime_ns"));
    own.executable = one.has("executable");
  }
  return {};
}

}  // namespace

std::string path_in_archive(const std::string& path) {
  std::string inside;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (!inside.empty()) inside += '/';
    inside += part == ".." ? "_up" : std::string(part);
  }
  return inside;
}

std::vector<Digest> RunRecord::blobs() const {
  std::vector<Digest> digests;
  if (in_blob()) digests.push_back(archive);
  for (const OwnBlob& one : own) digests.push_back(files[one.file].digest);
  return digests;
}

std::string id_of(const Attempt& attempt) {
  return fmt::format("{}/{}/{}", attempt.key.digest.hex(), attempt.campaign, attempt.number);
}

Document to_document(const AttemptRecord& record) {
  return {id_of(record.attempt), json_of(record).dump(), {}};
}

Document to_document(const RunRecord& record) {
  json body = json_of(record.made_by);
  if (!record.group.empty()) body["group"] = record.group;
  json files = json::array();
  for (const ResultFile& file : record.files)
    files.push_back({{"path", text_json(file.path)}, {"size", file.size}, {"sha256", file.digest.hex()}});
  for (const OwnBlob& own : record.own) {
    files[own.file]["mtime_ns"] = own.mtime_ns;
    if (own.executable) files[own.file]["executable"] = true;
  }
  body["files"] = std::move(files);
  body["canonical"] = record.canonical.hex();
  if (!record.archive.empty()) {
    body["archive"] = record.archive.hex();
    body["archive_size"] = record.archive_size;
    body["packed"] = record.packed.empty() ? record.packed_size : record.packed.size();
  }
  return {record.made_by.attempt.key.digest.hex(), body.dump(), record.packed};
}

Document to_document(const CampaignRecord& record) {
  json body{{"v", kRecordVersion},
            {"name", text_json(record.name)},
            {"queue", text_json(record.queue)},
            {"study", text_json(record.study)},
            {"host", text_json(record.host)},
            {"artifact", record.artifact.hex()},
            {"plan", record.plan.hex()},
            {"runs", record.runs},
            {"retries", record.retries},
            {"max_lost", record.max_lost},
            {"created", micros(record.created)}};
  if (!record.foretold.empty()) body["foretold"] = record.foretold.hex();
  if (!record.build.empty()) body["build"] = text_json(record.build);
  return {record.id, body.dump(), {}};
}

Document to_document(const SourceRecord& record) {
  json body{{"v", kRecordVersion},
            {"pack", record.pack.hex()},
            {"bytes", record.bytes},
            {"links", record.links},
            {"created", micros(record.created)}};
  if (!record.base.empty()) body["base"] = record.base;
  return {record.tree, body.dump(), {}};
}

Document to_document(const BuildRecord& record) {
  json body{{"v", kRecordVersion},
            {"tree", record.tree},
            {"artifact", record.artifact.hex()},
            {"listing", record.listing.hex()},
            {"bytes", record.bytes},
            {"compiler", text_json(record.compiler)},
            {"image", text_json(record.image)},
            {"host", text_json(record.host)},
            {"seconds", record.seconds},
            {"compiled", record.compiled},
            {"hits", record.hits},
            {"remote", record.remote},
            {"created", micros(record.created)}};
  if (!record.log.empty()) body["log"] = record.log.hex();
  for (const BuildHost& host : record.hosts)
    body["hosts"].push_back({{"name", text_json(host.name)}, {"done", host.done}, {"failed", host.failed}});
  return {record.key.hex(), body.dump(), {}};
}

Document to_document(const PlanRecord& record) {
  const json body{{"v", kRecordVersion},
                  {"document", record.document.hex()},
                  {"runs", record.runs},
                  {"created", micros(record.created)}};
  return {record.id.hex(), body.dump(), {}};
}

Result<AttemptRecord> attempt_from(const Document& document) {
  SIMSWARM_TRY(const Fields fields, Fields::parse(document.body, "attempt " + document.id));
  AttemptRecord record;
  SIMSWARM_CHECK(read_attempt(fields, record));
  // Of one that stands beside another it is the beginning.
  if (const std::string id = id_of(record.attempt); !document.id.starts_with(id)) return fields.wrong("key", id);
  return record;
}

Result<RunRecord> run_from(const Document& document) {
  SIMSWARM_TRY(const Fields fields, Fields::parse(document.body, "result " + document.id));
  RunRecord record;
  SIMSWARM_CHECK(read_attempt(fields, record.made_by));
  const std::string key = record.made_by.attempt.key.digest.hex();
  if (!document.id.starts_with(key)) return fields.wrong("key", key);  // of a conflict it is the beginning
  if (fields.has("group")) {
    SIMSWARM_TRY(record.group, fields.text("group"));
  }
  SIMSWARM_CHECK(read_files(fields, record));
  SIMSWARM_TRY(record.canonical, fields.digest("canonical"));
  if (fields.has("archive")) {
    SIMSWARM_TRY(record.archive, fields.digest("archive"));
    SIMSWARM_TRY(record.archive_size, fields.size("archive_size"));
    SIMSWARM_TRY(record.packed_size, fields.size("packed"));
  }
  if (!document.data.empty() && document.data.size() != record.packed_size)
    return fields.wrong("packed", fmt::format("its data has {} bytes", document.data.size()));
  record.packed = document.data;
  return record;
}

Result<CampaignRecord> campaign_from(const Document& document) {
  SIMSWARM_TRY(const Fields fields, Fields::parse(document.body, "campaign " + document.id));
  SIMSWARM_CHECK(expect_version(fields));
  CampaignRecord record;
  record.id = document.id;
  SIMSWARM_TRY(record.name, fields.text("name"));
  SIMSWARM_TRY(record.queue, fields.text("queue"));
  SIMSWARM_TRY(record.study, fields.text("study"));
  SIMSWARM_TRY(record.host, fields.text("host"));
  SIMSWARM_TRY(record.artifact, fields.digest("artifact"));
  SIMSWARM_TRY(record.plan, fields.digest("plan"));
  SIMSWARM_TRY(record.runs, fields.size("runs"));
  SIMSWARM_TRY(record.retries, fields.small("retries"));
  SIMSWARM_TRY(record.max_lost, fields.small("max_lost"));
  SIMSWARM_TRY(record.created, fields.stamp("created"));
  if (fields.has("foretold")) {
    SIMSWARM_TRY(record.foretold, fields.digest("foretold"));
  }
  if (fields.has("build")) {
    SIMSWARM_TRY(record.build, fields.text("build"));
  }
  return record;
}

Result<SourceRecord> source_from(const Document& document) {
  SIMSWARM_TRY(const Fields fields, Fields::parse(document.body, "source " + document.id));
  SIMSWARM_CHECK(expect_version(fields));
  SourceRecord record;
  record.tree = document.id;
  if (fields.has("base")) {
    SIMSWARM_TRY(record.base, fields.text("base"));
  }
  SIMSWARM_TRY(record.pack, fields.digest("pack"));
  SIMSWARM_TRY(record.bytes, fields.size("bytes"));
  SIMSWARM_TRY(record.links, fields.size("links"));
  SIMSWARM_TRY(record.created, fields.stamp("created"));
  return record;
}

Result<BuildRecord> build_from(const Document& document) {
  SIMSWARM_TRY(const Fields fields, Fields::parse(document.body, "build " + document.id));
  SIMSWARM_CHECK(expect_version(fields));
  BuildRecord record;
  SIMSWARM_TRY(record.key, Digest::parse(document.id));
  SIMSWARM_TRY(record.tree, fields.text("tree"));
  SIMSWARM_TRY(record.artifact, fields.digest("artifact"));
  SIMSWARM_TRY(record.listing, fields.digest("listing"));
  SIMSWARM_TRY(record.bytes, fields.size("bytes"));
  if (fields.has("log")) {
    SIMSWARM_TRY(record.log, fields.digest("log"));
  }
  SIMSWARM_TRY(record.compiler, fields.text("compiler"));
  SIMSWARM_TRY(record.image, fields.text("image"));
  SIMSWARM_TRY(record.host, fields.text("host"));
  SIMSWARM_TRY(record.seconds, fields.real("seconds"));
  SIMSWARM_TRY(record.compiled, fields.size("compiled"));
  SIMSWARM_TRY(record.hits, fields.size("hits"));
  SIMSWARM_TRY(record.remote, fields.size("remote"));
  SIMSWARM_TRY(record.created, fields.stamp("created"));
  if (fields.has("hosts")) {
    SIMSWARM_TRY(const std::vector<Fields> hosts, fields.objects("hosts"));
    for (const Fields& one : hosts) {
      BuildHost host;
      SIMSWARM_TRY(host.name, one.text("name"));
      SIMSWARM_TRY(host.done, one.size("done"));
      SIMSWARM_TRY(host.failed, one.size("failed"));
      record.hosts.push_back(std::move(host));
    }
  }
  return record;
}

Result<PlanRecord> plan_from(const Document& document) {
  SIMSWARM_TRY(const Fields fields, Fields::parse(document.body, "plan " + document.id));
  SIMSWARM_CHECK(expect_version(fields));
  PlanRecord record;
  SIMSWARM_TRY(record.id, Digest::parse(document.id));
  SIMSWARM_TRY(record.document, fields.digest("document"));
  SIMSWARM_TRY(record.runs, fields.size("runs"));
  SIMSWARM_TRY(record.created, fields.stamp("created"));
  return record;
}

Document to_document(const BlobRecord& record) {
  const json body{{"v", kRecordVersion},
                  {"size", record.size},
                  {"stored", record.stored},
                  {"file", record.file},
                  {"stored_sha256", record.stored_digest.hex()},
                  {"created", micros(record.created)}};
  return {record.digest.hex(), body.dump(), {}};
}

Result<BlobRecord> blob_from(const Document& document) {
  SIMSWARM_TRY(const Fields fields, Fields::parse(document.body, "blob " + document.id));
  SIMSWARM_CHECK(expect_version(fields));
  BlobRecord record;
  SIMSWARM_TRY(record.digest, Digest::parse(document.id));
  SIMSWARM_TRY(record.size, fields.size("size"));
  SIMSWARM_TRY(record.stored, fields.size("stored"));
  SIMSWARM_TRY(record.file, fields.text("file"));
  SIMSWARM_TRY(record.stored_digest, fields.digest("stored_sha256"));
  SIMSWARM_TRY(record.created, fields.stamp("created"));
  return record;
}

Document to_document(const UseRecord& record) {
  const json body{{"v", kRecordVersion}, {"blob", record.digest.hex()}, {"since", micros(record.since)}};
  return {make_ulid(record.since), body.dump(), {}};
}

Result<UseRecord> use_from(const Document& document) {
  SIMSWARM_TRY(const Fields fields, Fields::parse(document.body, "use " + document.id));
  SIMSWARM_CHECK(expect_version(fields));
  UseRecord record;
  SIMSWARM_TRY(record.digest, fields.digest("blob"));
  SIMSWARM_TRY(record.since, fields.stamp("since"));
  return record;
}

Document number_document(const std::string& id, std::int64_t number) {
  return {id, json{{"v", kRecordVersion}, {"number", number}}.dump(), {}};
}

Document text_document(const std::string& id, const std::string& text) {
  return {id, json{{"v", kRecordVersion}, {"text", text_json(text)}}.dump(), {}};
}

Result<std::string> text_from(const Document& document) {
  SIMSWARM_TRY(const Fields fields, Fields::parse(document.body, document.id));
  SIMSWARM_CHECK(expect_version(fields));
  return fields.text("text");
}

Result<std::int64_t> number_from(const Document& document) {
  SIMSWARM_TRY(const Fields fields, Fields::parse(document.body, document.id));
  SIMSWARM_CHECK(expect_version(fields));
  return fields.number("number");
}

}  // namespace simswarm::store
