#include "model/encoding.h"

#include <nlohmann/json.hpp>

namespace simswarm {
namespace {

std::string dump(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

nlohmann::json parse(std::string_view text) {
  return nlohmann::json::parse(text, nullptr, false);
}

}  // namespace

std::string encode(const std::vector<std::string>& words) {
  return dump(nlohmann::json(words));
}

std::vector<std::string> decode_words(std::string_view json) {
  std::vector<std::string> words;
  for (const auto& word : parse(json)) {
    if (word.is_string()) words.push_back(word.get<std::string>());
  }
  return words;
}

std::string encode(const std::vector<Variable>& variables) {
  auto list = nlohmann::json::array();
  for (const Variable& variable : variables) list.push_back({variable.name, variable.value});
  return dump(list);
}

std::vector<Variable> decode_variables(std::string_view json) {
  std::vector<Variable> variables;
  for (const auto& pair : parse(json)) {
    if (pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string()) {
      variables.push_back({pair[0].get<std::string>(), pair[1].get<std::string>()});
    }
  }
  return variables;
}

}  // namespace simswarm
