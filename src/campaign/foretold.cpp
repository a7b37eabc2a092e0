#include "campaign/foretold.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace simswarm::campaign {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kLongestLine = 64U << 20U;  // bytes
constexpr std::size_t kMostRuns = 100'000'000;
constexpr std::size_t kDeepest = 16;

Result<std::string> line_of(const json& value) {
  try {
    return value.dump() + "\n";
  } catch (const json::type_error&) {
    return usage_error("a name in the study is no UTF-8, which cannot be kept in a plan: {}",
                       value.dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 200));
  }
}

json parts_json(const InputRecord& inputs) {
  json all = json::object();
  for (const auto& [config, parts] : inputs.parts) {
    json& list = all[config] = json::array();
    for (const KeyPart& part : parts) list.push_back({part.name, part.value});
  }
  return all;
}

// Lines, one at a time, each as JSON.
class Lines {
 public:
  explicit Lines(Source& source) : source_(source) {}

  // Nothing: the end.
  Result<std::optional<json>> next() {
    std::size_t end = std::string::npos;
    while ((end = text_.find('\n', begin_)) == std::string::npos && !is_over_) {
      text_.erase(0, std::exchange(begin_, 0));
      if (text_.size() > kLongestLine) return wrong("it is longer than any that is written");
      const std::size_t had = text_.size();
      text_.resize(had + kPiece);
      SIMSWARM_TRY(const std::size_t got, source_.read({text_.data() + had, kPiece}));
      text_.resize(had + got);
      is_over_ = got < kPiece;
    }
    if (end == std::string::npos) {
      if (begin_ != text_.size()) return wrong("it has no end");
      return std::optional<json>();
    }
    ++number_;
    const std::string_view line = std::string_view(text_).substr(begin_, end - begin_);
    begin_ = end + 1;
    if (json_depth(line) > kDeepest) return wrong("it is nested too deep");
    json value = json::parse(line, nullptr, false);
    if (value.is_discarded()) return wrong("it is no JSON");
    return std::optional<json>(std::move(value));
  }

  [[nodiscard]] tl::unexpected<Error> wrong(std::string_view why) const {
    return environment_error("line {} of the plan cannot be read: {}", std::max<std::size_t>(number_, 1), why);
  }

 private:
  Source& source_;
  std::string text_;
  std::size_t begin_ = 0;
  std::size_t number_ = 0;
  bool is_over_ = false;
};

void take_head(const json& head, Foretold& foretold) {
  foretold.dialect = head.at("dialect").get<std::string>();
  foretold.result_folders = head.at("result_folders").get<std::vector<std::string>>();
  foretold.remarks = head.at("remarks").get<std::vector<std::string>>();
  foretold.broken = head.at("broken").get<std::vector<std::string>>();
  foretold.command = head.at("command").get<std::vector<std::string>>();
  foretold.simulator = head.at("simulator").get<std::string>();
  foretold.objects = head.at("objects").get<std::map<std::string, std::string>>();
  foretold.inputs.files = head.at("files").get<std::map<std::string, std::string>>();
  for (const auto& [config, parts] : head.at("parts").items()) {
    for (const json& part : parts)
      foretold.inputs.parts[config].push_back({part.at(0).get<std::string>(), part.at(1).get<std::string>()});
  }
}

void take_run(const json& line, Foretold& foretold) {
  Run run;
  run.config = line.at(0).get<std::string>();
  run.number = line.at(1).get<std::int64_t>();
  run.repetition = line.at(2).get<std::int64_t>();
  run.seed_set = line.at(3).get<std::string>();
  for (const json& pair : line.at(4))
    run.variables.push_back({pair.at(0).get<std::string>(), pair.at(1).get<std::string>()});
  foretold.runs.push_back(run);
  foretold.add_expected(line.at(6).get<std::vector<std::string>>());
}

class ForetoldDialect final : public Dialect {
 public:
  explicit ForetoldDialect(const Foretold& foretold) : foretold_(foretold) {}

  [[nodiscard]] std::string_view name() const override { return foretold_.dialect; }
  Result<RunList> list_runs() override { return foretold_.runs; }
  [[nodiscard]] std::vector<std::string> command_line(std::span<const Run> /*batch*/) const override {
    return foretold_.command;
  }
  [[nodiscard]] bool can_batch() const override { return false; }
  [[nodiscard]] std::vector<std::string> remarks() const override { return foretold_.remarks; }
  [[nodiscard]] std::vector<std::string> broken() const override { return foretold_.broken; }
  [[nodiscard]] std::vector<std::string> expected_files(const Run& run) const override {
    return foretold_.expected(run);
  }
  [[nodiscard]] std::vector<std::string> result_folders() const override { return foretold_.result_folders; }
  [[nodiscard]] std::string status_file(const Run& /*run*/) const override { return {}; }
  [[nodiscard]] std::optional<Progress> read_progress(std::string_view /*tail*/) const override { return {}; }
  [[nodiscard]] std::vector<Judgement> judge(std::span<const Run> batch, const Evidence& /*evidence*/) const override {
    return std::vector<Judgement>(batch.size());
  }
  [[nodiscard]] KeySources key_sources() const override { return {}; }
  [[nodiscard]] std::vector<KeyPart> key_parts(const Run& /*run*/) const override { return {}; }

 private:
  const Foretold& foretold_;
};

}  // namespace

void Foretold::add_expected(const std::vector<std::string>& files) {
  for (const std::string& file : files) texts_.append(file).push_back('\0');
  ends_.push_back(texts_.size());
}

std::vector<std::string> Foretold::expected(std::size_t position) const {
  const std::uint64_t begin = position == 0 ? 0 : ends_.at(position - 1);
  std::vector<std::string> files;
  for (const std::string_view file : split(std::string_view(texts_).substr(begin, ends_.at(position) - begin), '\0')) {
    if (!file.empty()) files.emplace_back(file);
  }
  return files;
}

std::vector<std::string> Foretold::expected(const Run& run) const {
  const auto found = positions_.find({run.config, run.number});
  return found == positions_.end() ? std::vector<std::string>() : expected(found->second);
}

void Foretold::index() {
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Run run = runs[i];
    positions_.emplace(std::pair(run.config, run.number), i);
  }
}

Status write_foretold(const Foretold& foretold, Sink& sink) {
  const json head{{"v", kVersion},
                  {"dialect", foretold.dialect},
                  {"runs", foretold.runs.size()},
                  {"result_folders", foretold.result_folders},
                  {"remarks", foretold.remarks},
                  {"broken", foretold.broken},
                  {"command", foretold.command},
                  {"simulator", foretold.simulator},
                  {"objects", foretold.objects},
                  {"files", foretold.inputs.files},
                  {"parts", parts_json(foretold.inputs)}};
  SIMSWARM_TRY(std::string text, line_of(head));
  for (std::size_t i = 0; i < foretold.runs.size(); ++i) {
    const Run run = foretold.runs[i];
    json variables = json::array();
    for (const Variable& one : run.variables) variables.push_back({one.name, one.value});
    SIMSWARM_TRY(const std::string line,
                 line_of(json::array({run.config, run.number, run.repetition, run.seed_set, std::move(variables),
                                      Digest::of_bytes(foretold.keys.at(i)).hex(), foretold.expected(i)})));
    text += line;
    if (text.size() < kPiece) continue;
    SIMSWARM_CHECK(sink.write(text));
    text.clear();
  }
  return sink.write(text);
}

Result<Foretold> read_foretold(Source& text) {
  Lines lines(text);
  Foretold foretold;
  SIMSWARM_TRY(const auto head, lines.next());
  if (!head) return lines.wrong("it is not there");
  try {
    if (const int version = head->at("v").get<int>(); version != kVersion)
      return lines.wrong(fmt::format("version {}; this simswarm reads {}", version, kVersion));
    const auto runs = head->at("runs").get<std::size_t>();
    if (runs > kMostRuns) return lines.wrong(fmt::format("{} runs are more than {}", runs, kMostRuns));
    take_head(*head, foretold);
    for (std::size_t i = 0; i < runs; ++i) {
      SIMSWARM_TRY(const auto line, lines.next());
      if (!line) return lines.wrong("it is the last, and more were to come");
      take_run(*line, foretold);
      const auto key = Digest::parse(line->at(5).get<std::string>());
      if (!key) return lines.wrong("its key is none");
      foretold.keys.push_back(key->bytes());
    }
  } catch (const json::exception&) {
    return lines.wrong("it has not the fields of a plan");
  }
  SIMSWARM_TRY(const auto rest, lines.next());
  if (rest) return lines.wrong("there are more runs than were told");
  foretold.index();
  return foretold;
}

std::unique_ptr<Dialect> make_foretold_dialect(const Foretold& foretold) {
  return std::make_unique<ForetoldDialect>(foretold);
}

}  // namespace simswarm::campaign
