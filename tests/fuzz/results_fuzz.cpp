// OMNeT++'s result files: what is read and written again is read as the same.
#include <map>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "fuzz_support.h"
#include "result/observation.h"
#include "result/result_file.h"
#include "result/tokens.h"

namespace simswarm::fuzz {
namespace {

std::string in_quotes(std::string_view text) {
  std::string word = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') word += '\\';
    if (c == '\n') {
      word += "\\n";
    } else if (c == '\r') {
      word += "\\r";
    } else {
      word += c;
    }
  }
  return word + '"';
}

// Writes what it is given as a file of version 3.
class Writer : public result::ResultVisitor {
 public:
  void run(const result::RunInfo& run) override {
    text_ += "run " + in_quotes(run.id) + "\n";
    attributes(run.attributes);
    for (const Variable& variable : run.variables) pair("itervar", variable.name, variable.value);
    for (const result::Entry& entry : run.config) pair("config", entry.name, entry.value);
    columns_.clear();
  }
  void scalar(const result::Scalar& scalar) override {
    text_ += fmt::format("scalar {} {} {}\n", in_quotes(scalar.module), in_quotes(scalar.name), scalar.value);
    attributes(scalar.attributes);
  }
  void statistic(const result::Statistic& statistic) override {
    text_ += fmt::format("statistic {} {}\n", in_quotes(statistic.module), in_quotes(statistic.name));
    for (const result::Field& field : statistic.fields)
      text_ += fmt::format("field {} {}\n", in_quotes(field.name), field.value);
    for (const result::Bin& bin : statistic.bins) text_ += fmt::format("bin {} {}\n", bin.lower, bin.value);
    attributes(statistic.attributes);
  }
  void parameter(const result::Parameter& parameter) override {
    text_ += fmt::format("par {} {} {}\n", in_quotes(parameter.module), in_quotes(parameter.name),
                         in_quotes(parameter.value));
    attributes(parameter.attributes);
  }
  void vector(const result::VectorDeclaration& vector) override {
    text_ += fmt::format("vector {} {} {} {}\n", vector.id, in_quotes(vector.module), in_quotes(vector.name),
                         in_quotes(vector.columns));
    attributes(vector.attributes);
    columns_[vector.id] = vector.columns;
  }
  void sample(const result::Sample& sample) override {
    text_ += std::to_string(sample.vector);
    for (const char column : columns_[sample.vector]) {
      if (column == 'E') text_ += fmt::format("\t{}", sample.event.value_or(0));
      if (column != 'E') text_ += fmt::format("\t{}", column == 'T' ? sample.time : sample.value);
    }
    text_ += "\n";
  }
  [[nodiscard]] std::string text() const { return "version 3\n" + text_ + "\n\n"; }

 private:
  void pair(std::string_view kind, std::string_view name, std::string_view value) {
    text_ += fmt::format("{} {} {}\n", kind, in_quotes(name), in_quotes(value));
  }
  void attributes(const std::vector<result::Entry>& entries) {
    for (const result::Entry& entry : entries) pair("attr", entry.name, entry.value);
  }

  std::string text_;
  std::map<std::int64_t, std::string> columns_;
};

const Scratch& scratch() {
  static const Scratch folder;
  return folder;
}

void check_words(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view line : lines(text)) {
    if (!result::split_words(line, words)) continue;
    std::vector<std::string> written;
    for (const std::string& word : words) written.push_back(in_quotes(word));
    std::vector<std::string> again;
    require(result::split_words(join(written, " "), again) && again == words, "words come back out of their quotes");
  }
}

void check_file(std::string_view text) {
  Writer first;
  const fs::path file = scratch().write("x.vec", text);
  if (const auto read = result::read_results(file, first); !read) {
    return require(read.error().message.starts_with(file.string() + ":"), "an error names the file");
  }
  Writer second;
  const auto again = result::read_results(scratch().write("y.vec", first.text()), second);
  require(again.has_value(), "what was written is read");
  require(first.text() == second.text(), "it is the same");
}

// The fields of each vector: count, mean, stddev, min, max, last; of one without samples the count alone.
void check_fields(const std::vector<result::Observation>& all) {
  constexpr double kLargest = 1e100;  // whose squares are numbers
  for (std::size_t i = 0; i < all.size(); i += all[i].value == 0 ? 1 : 6) {
    require(all[i].name.ends_with(":count"), "the count is the first field");
    if (all[i].value == 0) continue;
    require(i + 5 < all.size(), "a vector has six fields");
    const double mean = all[i + 1].value;
    const double least = all[i + 3].value;
    const double most = all[i + 4].value;
    if (!(std::abs(least) < kLargest) || !(std::abs(most) < kLargest) || std::isnan(mean)) continue;
    const double rounding = 1e-6 * std::max(std::abs(least), std::abs(most));
    require(least - rounding <= mean && mean <= most + rounding, "a mean lies between the least and the most");
    require(all[i].value < 2 || std::isfinite(all[i + 2].value), "a deviation is finite");
  }
}

void check_observations(std::string_view text) {
  result::Selection selection;
  selection.module = trim(take_part(text));
  selection.name = trim(take_part(text));
  const fs::path file = scratch().write("x.sca", text);
  const auto some = result::read_observations(file, selection);
  const auto all = result::read_observations(file, {});
  require(some.has_value() == all.has_value(), "a selection makes no file wrong");
  if (!all) return;
  require(some->size() <= all->size(), "a selection is a part");
  for (const result::Observation& one : *all) require(one.run != nullptr, "an observation has a run");
  const bool vectors_only =
      text.find("scalar") == std::string_view::npos && text.find("statistic") == std::string_view::npos;
  if (vectors_only) check_fields(*all);
}

}  // namespace

void check(std::string_view input) {
  switch (take_choice(input, 3)) {
    case 0:
      return check_file(input);
    case 1:
      return check_observations(input);
    default:
      return check_words(input);
  }
}

}  // namespace simswarm::fuzz
