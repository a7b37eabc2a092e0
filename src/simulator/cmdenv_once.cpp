#include "simulator/cmdenv_once.h"

#include <algorithm>
#include <cctype>
#include <ctime>

#include "base/text.h"

namespace simswarm::cmdenv {
namespace {

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

// Length of the digits at the beginning.
std::size_t digits(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
}

// «20261122-14:29:52» (17 characters) or «20261122-142952» (15) at the beginning, of not much earlier than now; else 0.
std::size_t fresh_date(std::string_view text) {
  if (text.empty() || !is_digit(text.front())) return 0;
  std::string plain;
  std::size_t length = 0;
  for (const std::string_view form : {"########-##:##:##", "########-######"}) {
    if (text.size() < form.size()) continue;
    const std::string_view part = text.substr(0, form.size());
    const bool fits = std::equal(part.begin(), part.end(), form.begin(),
                                 [](char c, char f) { return f == '#' ? is_digit(c) : c == f; });
    if (!fits) continue;
    length = form.size();
    plain = replace_all(std::string(part), ":", "");
    break;
  }
  if (length == 0) return 0;
  std::tm date{};
  if (::strptime(plain.c_str(), "%Y%m%d-%H%M%S", &date) == nullptr) return 0;
  date.tm_isdst = -1;
  constexpr std::time_t kLongestQuestion = 1200;  // seconds
  const std::time_t age = std::time(nullptr) - std::mktime(&date);
  return age >= -2 && age < kLongestQuestion ? length : 0;
}

// The text cut at its numbers: «x-12.sca» is «x-», «12», «.sca».
std::vector<std::string_view> tokens(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    std::size_t count = digits(text);
    if (count == 0) {
      count = static_cast<std::size_t>(std::find_if(text.begin(), text.end(), is_digit) - text.begin());
    }
    parts.push_back(text.substr(0, count));
    text.remove_prefix(count);
  }
  return parts;
}

// The one number that differs between two texts that are equal but for it.
std::optional<std::pair<std::string, std::string>> number_that_differs(std::string_view one, std::string_view other) {
  const auto left = tokens(one);
  const auto right = tokens(other);
  if (left.size() != right.size()) return std::nullopt;
  std::optional<std::pair<std::string, std::string>> found;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] == right[i]) continue;
    const std::pair<std::string, std::string> pair(left[i], right[i]);
    if (!is_digit(left[i].front()) || !is_digit(right[i].front()) || (found && *found != pair)) return std::nullopt;
    found = pair;
  }
  return found;
}

}  // namespace

std::string without_once(std::string value, const Run& run) {
  const std::string beginning = fmt::format("{}-{}-", run.config, run.number);
  std::string text;
  for (std::size_t at = 0; at < value.size();) {
    const std::string_view rest = std::string_view(value).substr(at);
    if (rest.starts_with(beginning)) {
      const std::size_t date = fresh_date(rest.substr(beginning.size()));
      const std::size_t id = date == 0 ? 0 : beginning.size() + date + 1;
      const std::size_t process = id == 0 || id >= rest.size() || rest[id - 1] != '-' ? 0 : digits(rest.substr(id));
      if (process > 0) {
        text += "${runid}";
        at += id + process;
        continue;
      }
    }
    if (const std::size_t date = fresh_date(rest); date > 0 && (at == 0 || !is_digit(value[at - 1]))) {
      text += date == 17 ? "${datetime}" : "${datetimef}";
      at += date;
      continue;
    }
    text += value[at++];
  }
  return text;
}

bool is_unpredictable(std::string_view value) {
  constexpr std::string_view kVariables[] = {"${runid}", "${datetime}", "${datetimef}", "${processid}"};
  return std::any_of(std::begin(kVariables), std::end(kVariables),
                     [&](std::string_view variable) { return value.find(variable) != std::string_view::npos; });
}

ProcessId process_id_in(const RunConfig& one, const RunConfig& other) {
  ProcessId id;
  for (std::size_t i = 0; i < std::min(one.entries.size(), other.entries.size()); ++i) {
    const auto& [key, value] = one.entries[i];
    if (key != other.entries[i].first) break;
    const std::string first = without_once(value, one.run);
    const std::string second = without_once(other.entries[i].second, other.run);
    const auto numbers = number_that_differs(first, second);
    if (!numbers || (!id.number.empty() && id.number != numbers->first)) continue;
    id.number = numbers->first;
    id.keys.insert(key);
  }
  return id;
}

void put_back_once(RunConfig& config, const ProcessId& id) {
  for (auto& [key, value] : config.entries) {
    value = without_once(std::move(value), config.run);
    if (!id.keys.contains(key)) continue;
    std::string text;
    for (const std::string_view part : tokens(value)) text += part == id.number ? "${processid}" : part;
    value = std::move(text);
  }
}

}  // namespace simswarm::cmdenv
