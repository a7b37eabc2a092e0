#include "result/result_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>
#include <utility>
#include <variant>

#include "base/text.h"
#include "result/lines.h"
#include "result/tokens.h"

namespace simswarm::result {

namespace {

constexpr std::string_view kSqliteMagic = "SQLite format 3";

// Why a line is refused, or nothing.
using Refusal = std::optional<std::string>;

std::string expected_line(std::string_view shape) {
  return fmt::format("malformed line, «{}» expected", shape);
}

template <typename Integer>
bool parse_whole(std::string_view text, Integer& value) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc() && end == text.data() + text.size();
}

// Files before 5.1 have no `itervar` lines: `attr iterationvars "$a=1, $b=2"` names the attributes that are variables.
void find_old_variables(RunInfo& run) {
  if (!run.variables.empty()) return;
  const std::string listed(run.attribute("iterationvars"));
  for (const std::string_view part : split(listed, ',')) {
    const std::string_view name = trim(part).substr(0, trim(part).find('='));
    if (name.size() < 2 || name.front() != '$') continue;
    const std::string_view value = run.attribute(name.substr(1));
    if (!value.empty()) run.variables.push_back({std::string(name.substr(1)), std::string(value)});
  }
}

class Parser {
 public:
  Parser(const fs::path& path, ResultVisitor& visitor) : path_(path), visitor_(visitor) {}
  Status read();

 private:
  using Item = std::variant<std::monostate, RunInfo, Scalar, Statistic, Parameter, VectorDeclaration>;

  Refusal take(std::string_view line);
  Refusal take_words();
  Refusal take_version();
  Refusal take_run();
  Refusal take_scalar();
  Refusal take_statistic();
  Refusal take_parameter();
  Refusal take_vector();
  Refusal take_field();
  Refusal take_bin();
  Refusal take_attribute();
  Refusal take_variable();
  Refusal take_config();
  Refusal take_sample(std::string_view line);
  Refusal fill_sample(std::string_view line, const std::string& columns, Sample& sample);
  Refusal begin(std::size_t words, std::string_view shape, bool needs_run = true);
  void flush();
  Status at_end(const LineReader& reader, int empty_lines);

  const fs::path& path_;
  ResultVisitor& visitor_;
  Item item_;
  bool has_run_ = false;
  int version_ = 0;  // 0: none was said
  std::vector<std::string> words_;
  std::unordered_map<std::int64_t, std::string> columns_;  // of the vectors of this run
};

Status Parser::read() {
  SIMSWARM_TRY(LineReader reader, LineReader::open(path_));
  int empty_lines = 0;  // at the end
  while (true) {
    SIMSWARM_TRY(const bool more, reader.next());
    if (!more) break;
    std::string_view line = reader.line();
    if (reader.number() == 1 && line.starts_with(kSqliteMagic)) {
      return environment_error("{}: is an SQLite result file; only text result files can be read", path_.string());
    }
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    empty_lines = line.empty() ? empty_lines + 1 : 0;
    if (!reader.has_newline()) return error_at(path_, reader.number(), "the file is cut off inside this line");
    if (const Refusal refusal = take(line)) return error_at(path_, reader.number(), *refusal);
  }
  return at_end(reader, empty_lines);
}

// A run ends with an empty line; so does its header, and a run without results has both.
Status Parser::at_end(const LineReader& reader, int empty_lines) {
  if (reader.number() == 0) return environment_error("{}: is empty: the run that wrote it did not end", path_.string());
  if (version_ >= 3 && empty_lines < (std::holds_alternative<RunInfo>(item_) ? 2 : 1)) {
    return error_at(path_, reader.number(), "the file is cut off after this line: the closing empty line is missing");
  }
  flush();
  return {};
}

Refusal Parser::take(std::string_view line) {
  if (line.empty() || line.front() == '#') return {};
  if (line.front() >= '0' && line.front() <= '9') return take_sample(line);
  if (!split_words(line, words_)) return "a quote is not closed";
  return words_.empty() ? Refusal() : take_words();
}

Refusal Parser::take_words() {
  struct Kind {
    std::string_view word;
    Refusal (Parser::*take)();
  };
  static constexpr std::array<Kind, 12> kKinds{{{"scalar", &Parser::take_scalar},
                                                {"attr", &Parser::take_attribute},
                                                {"field", &Parser::take_field},
                                                {"bin", &Parser::take_bin},
                                                {"statistic", &Parser::take_statistic},
                                                {"par", &Parser::take_parameter},
                                                {"vector", &Parser::take_vector},
                                                {"config", &Parser::take_config},
                                                {"param", &Parser::take_config},
                                                {"itervar", &Parser::take_variable},
                                                {"run", &Parser::take_run},
                                                {"version", &Parser::take_version}}};
  for (const Kind& kind : kKinds) {
    if (kind.word == words_.front()) return (this->*kind.take)();
  }
  return fmt::format("unknown kind of line «{}»", words_.front().substr(0, 40));
}

Refusal Parser::begin(std::size_t words, std::string_view shape, bool needs_run) {
  if (words_.size() != words) return expected_line(shape);
  flush();
  if (needs_run && !has_run_) return fmt::format("«{}» before the first run line", words_.front());
  return {};
}

void Parser::flush() {
  struct Give {
    ResultVisitor& to;
    void operator()(std::monostate) const {}
    void operator()(RunInfo& run) const {
      find_old_variables(run);
      to.run(run);
    }
    void operator()(const Scalar& scalar) const { to.scalar(scalar); }
    void operator()(const Statistic& statistic) const { to.statistic(statistic); }
    void operator()(const Parameter& parameter) const { to.parameter(parameter); }
    void operator()(const VectorDeclaration& vector) const { to.vector(vector); }
  };
  std::visit(Give{visitor_}, item_);
  item_ = std::monostate();
}

Refusal Parser::take_version() {
  if (words_.size() != 2 || !parse_whole(words_[1], version_)) return expected_line("version NUMBER");
  if (version_ != 2 && version_ != 3) return fmt::format("unknown version {} (2 and 3 are known)", version_);
  return {};
}

Refusal Parser::take_run() {
  if (Refusal refusal = begin(2, "run ID", false)) return refusal;
  has_run_ = true;
  columns_.clear();
  item_ = RunInfo{.id = words_[1], .attributes = {}, .variables = {}, .config = {}};
  return {};
}

Refusal Parser::take_scalar() {
  if (Refusal refusal = begin(4, "scalar MODULE NAME VALUE")) return refusal;
  const auto value = parse_number(words_[3]);
  if (!value) return fmt::format("«{}» is no number", words_[3]);
  item_ = Scalar{words_[1], words_[2], *value, {}};
  return {};
}

Refusal Parser::take_statistic() {
  if (Refusal refusal = begin(3, "statistic MODULE NAME")) return refusal;
  item_ = Statistic{words_[1], words_[2], {}, {}, {}};
  return {};
}

Refusal Parser::take_parameter() {
  if (Refusal refusal = begin(4, "par MODULE NAME VALUE")) return refusal;
  item_ = Parameter{words_[1], words_[2], words_[3], {}};
  return {};
}

Refusal Parser::take_vector() {
  if (words_.size() == 4) words_.emplace_back("TV");
  if (Refusal refusal = begin(5, "vector ID MODULE NAME COLUMNS", false)) return refusal;
  VectorDeclaration vector{.id = 0, .module = words_[2], .name = words_[3], .columns = words_[4], .attributes = {}};
  if (!parse_whole(words_[1], vector.id)) return fmt::format("«{}» is no vector number", words_[1]);
  if (vector.columns.front() >= '0' && vector.columns.front() <= '9') vector.columns = "TV";  // version 1: a capacity
  if (vector.columns.find_first_not_of("ETV") != std::string::npos) {
    return fmt::format("unknown columns «{}» (of E, T, V)", vector.columns);
  }
  columns_[vector.id] = vector.columns;
  item_ = std::move(vector);
  return {};
}

Refusal Parser::take_field() {
  auto* statistic = std::get_if<Statistic>(&item_);
  if (statistic == nullptr) return "«field» without a statistic line above it";
  if (words_.size() != 3) return expected_line("field NAME VALUE");
  const auto value = parse_number(words_[2]);
  if (!value) return fmt::format("«{}» is no number", words_[2]);
  statistic->fields.push_back({words_[1], *value});
  return {};
}

Refusal Parser::take_bin() {
  auto* statistic = std::get_if<Statistic>(&item_);
  if (statistic == nullptr) return "«bin» without a statistic line above it";
  if (words_.size() != 3) return expected_line("bin LOWER VALUE");
  const auto lower = parse_number(words_[1]);
  const auto value = parse_number(words_[2]);
  if (!lower || !value) return fmt::format("«{}» is no number", words_[lower ? 2 : 1]);
  statistic->bins.push_back({*lower, *value});
  return {};
}

Refusal Parser::take_attribute() {
  if (words_.size() != 3) return expected_line("attr NAME VALUE");
  return std::visit(
      [this](auto& item) -> Refusal {
        if constexpr (std::is_same_v<std::decay_t<decltype(item)>, std::monostate>) {
          return "«attr» belongs to nothing: no item above it";
        } else {
          item.attributes.push_back({words_[1], words_[2]});
          return {};
        }
      },
      item_);
}

Refusal Parser::take_variable() {
  auto* run = std::get_if<RunInfo>(&item_);
  if (run == nullptr) return "«itervar» without a run line above it";
  if (words_.size() != 3) return expected_line("itervar NAME VALUE");
  run->variables.push_back({words_[1], words_[2]});
  return {};
}

Refusal Parser::take_config() {
  auto* run = std::get_if<RunInfo>(&item_);
  if (run == nullptr) return fmt::format("«{}» without a run line above it", words_.front());
  if (words_.size() != 3) return expected_line("config NAME VALUE");
  run->config.push_back({words_[1], words_[2]});
  return {};
}

Refusal Parser::take_sample(std::string_view line) {
  flush();
  Sample sample;
  const auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), sample.vector);
  const bool ends = end == line.data() + line.size() || *end == ' ' || *end == '\t';
  if (failure != std::errc() || !ends) return "malformed line of data";
  const auto known = columns_.find(sample.vector);
  if (known == columns_.end()) return fmt::format("data of vector {}, which is not declared", sample.vector);
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  if (Refusal refusal = fill_sample(line, known->second, sample)) return refusal;
  visitor_.sample(sample);
  return {};
}

Refusal Parser::fill_sample(std::string_view line, const std::string& columns, Sample& sample) {
  for (const char column : columns) {
    const std::size_t from = line.find_first_not_of(" \t");
    if (from == std::string_view::npos) return fmt::format("a line of data with fewer than the columns {}", columns);
    const std::size_t to = std::min(line.find_first_of(" \t", from), line.size());
    const std::string_view word = line.substr(from, to - from);
    line.remove_prefix(to);
    const auto number = parse_number(word);
    if (!number) return fmt::format("«{}» is no number", word);
    if (column == 'T') sample.time = *number;
    if (column == 'V') sample.value = *number;
    if (column == 'E' && !parse_whole(word, sample.event.emplace()))
      return fmt::format("«{}» is no event number", word);
  }
  return trim(line).empty() ? Refusal() : fmt::format("a line of data with more than the columns {}", columns);
}

}  // namespace

std::string_view RunInfo::attribute(std::string_view name) const {
  const auto found = std::find_if(attributes.begin(), attributes.end(), [&](const Entry& e) { return e.name == name; });
  return found == attributes.end() ? std::string_view() : std::string_view(found->value);
}

Status read_results(const fs::path& path, ResultVisitor& visitor) {
  return Parser(path, visitor).read();
}

bool is_sqlite(const fs::path& path) {
  const auto fd = open_regular(path);
  if (!fd) return false;
  std::array<char, kSqliteMagic.size()> head{};
  const auto got = read_block(*fd, head.data(), head.size(), path);
  return got.has_value() && std::string_view(head.data(), *got) == kSqliteMagic;
}

}  // namespace simswarm::result
