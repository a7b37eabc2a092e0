// As much of XML as Eclipse's files have: tags with attributes.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace simswarm::build {

using Attributes = std::map<std::string, std::string>;

// The attributes of each tag of that name, in order; comments are none.
[[nodiscard]] std::vector<Attributes> tags(std::string_view xml, std::string_view name);
// What stands between <name …> and </name>, of each that holds no tags itself.
[[nodiscard]] std::vector<std::string> texts(std::string_view xml, std::string_view name);
// From <name … to </name>, of each; elements of one name do not lie within each other.
[[nodiscard]] std::vector<std::string_view> elements(std::string_view xml, std::string_view name);

}  // namespace simswarm::build
