// What the program says of its study: answers to «-q runs», «-q runconfig» and «-q rundetails».
#include <algorithm>
#include <set>

#include "base/text.h"
#include "fuzz_support.h"
#include "simulator/cmdenv_details.h"
#include "simulator/cmdenv_once.h"
#include "simulator/cmdenv_study.h"

namespace simswarm::fuzz {
namespace {

using cmdenv::RunConfig;

// As the program prints it; CRLF, since of each line one «\r» is taken for its end.
std::string printed(const std::vector<RunConfig>& study) {
  std::string text;
  for (const RunConfig& config : study) {
    text += fmt::format("Run {}: ", config.run.number);
    for (const Variable& variable : config.run.variables)
      text += fmt::format("${}={}, ", variable.name, variable.value);
    text += fmt::format("$repetition={}\r\n", config.run.repetition);
    for (const auto& [key, value] : config.entries)
      text += fmt::format("\t{} = {}\r\n", key, replace_all(value, "\n", "\r\n"));
  }
  return text;
}

bool same(const std::vector<RunConfig>& one, const std::vector<RunConfig>& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const RunConfig& a, const RunConfig& b) { return a.run == b.run && a.entries == b.entries; });
}

void check_names(const RunConfig& config) {
  const std::string name = cmdenv::variables_for_name(config.run);
  const cmdenv::FileNames names = cmdenv::names_of(config);
  require(config.entry("output-vector-file") != nullptr || !names.vectors.empty(), "there is a name for vectors");
  require(names.index.ends_with(".vci"), "an index is called so");
  const std::string encoded = cmdenv::encoded_for_name(name);
  require(encoded.find('/') == std::string::npos && encoded.find(' ') == std::string::npos, "a name is fit for files");
  require(cmdenv::digest_of_entries(config).size() == 64, "there is a digest");
}

// Details that are some of the entries of a configuration fill it with themselves.
void check_details(const RunConfig& config, std::size_t every) {
  std::set<std::string> keys;
  for (const auto& entry : config.entries) keys.insert(entry.first);
  if (keys.size() != config.entries.size()) return;  // which of two equal keys is meant is checked by the caller
  RunConfig details{config.run, {}};
  for (std::size_t i = 0; i < config.entries.size(); i += every) details.entries.push_back(config.entries[i]);
  const RunConfig whole = cmdenv::Details(config, details).fill(details);
  require(whole.entries == config.entries, "details fill in what they came from");
  require(cmdenv::is_same_config(whole, config), "a configuration is like itself");
}

void check_once(const RunConfig& config) {
  RunConfig changed = config;
  cmdenv::put_back_once(changed, cmdenv::process_id_in(config, config));
  require(changed.entries.size() == config.entries.size(), "no entry is lost");
  require(cmdenv::process_id_in(config, config).number.empty(), "one answer tells no process id");
}

}  // namespace

void check(std::string_view input) {
  const auto study = cmdenv::read_study(input, "General");
  if (!study) return;
  for (const RunConfig& config : *study) {
    check_names(config);
    check_once(config);
    check_details(config, 1);
    check_details(config, 2);
  }
  if (study->size() > 1) {  // details of another run: nothing but no harm
    const cmdenv::Details details(study->front(), study->back());
    for (const RunConfig& config : *study) static_cast<void>(details.fill(config));
  }
  if (input.find('"') != std::string_view::npos) return;  // where quotes are not closed the order of variables matters
  const auto again = cmdenv::read_study(printed(*study), "General");
  require(again && same(*study, *again), "a study comes back from its print");
}

}  // namespace simswarm::fuzz
