#include "build/oppbuildspec_xml.h"

#include <algorithm>

#include "base/text.h"

namespace simswarm::build {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string without_comments(std::string_view xml) {
  std::string rest;
  while (true) {
    const auto begin = xml.find("<!--");
    rest += xml.substr(0, begin);
    const auto end = begin == std::string_view::npos ? begin : xml.find("-->", begin);
    if (end == std::string_view::npos) return rest;
    xml.remove_prefix(end + 3);
  }
}

std::string unescaped(std::string_view text) {
  std::string plain(text);
  plain = replace_all(std::move(plain), "&lt;", "<");
  plain = replace_all(std::move(plain), "&gt;", ">");
  plain = replace_all(std::move(plain), "&quot;", "\"");
  plain = replace_all(std::move(plain), "&apos;", "'");
  return replace_all(std::move(plain), "&amp;", "&");
}

// Where a tag <name …> begins, from `at` on.
std::size_t find_tag(std::string_view xml, std::string_view name, std::size_t at) {
  const std::string begin = "<" + std::string(name);
  while (true) {
    at = xml.find(begin, at);
    if (at == std::string_view::npos) return at;
    const auto after = at + begin.size();
    if (after < xml.size() &&
        (kBlanks.find(xml[after]) != std::string_view::npos || xml[after] == '/' || xml[after] == '>'))
      return at;
    ++at;
  }
}

// Takes «name="value"» off; false at the end of the tag.
bool take_attribute(std::string_view& text, Attributes& attributes) {
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos || text[begin] == '>' || text[begin] == '/') return false;
  text.remove_prefix(begin);
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string name(trim(text.substr(0, equals)));
  text.remove_prefix(equals + 1);
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(kBlanks)));
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) return false;
  const auto end = text.find(text.front(), 1);
  if (end == std::string_view::npos) return false;
  attributes.emplace(name, unescaped(text.substr(1, end - 1)));
  text.remove_prefix(end + 1);
  return true;
}

}  // namespace

std::vector<Attributes> tags(std::string_view xml, std::string_view name) {
  const std::string text = without_comments(xml);
  std::vector<Attributes> found;
  for (auto at = find_tag(text, name, 0); at != std::string::npos; at = find_tag(text, name, at + 1)) {
    std::string_view rest = std::string_view(text).substr(at + 1 + name.size());
    Attributes attributes;
    while (take_attribute(rest, attributes)) {
    }
    found.push_back(std::move(attributes));
  }
  return found;
}

std::vector<std::string_view> elements(std::string_view xml, std::string_view name) {
  const std::string end = "</" + std::string(name) + ">";
  std::vector<std::string_view> found;
  for (auto at = find_tag(xml, name, 0); at != std::string_view::npos; at = find_tag(xml, name, at + 1)) {
    const auto last = xml.find(end, at);
    if (last == std::string_view::npos) break;
    found.push_back(xml.substr(at, last + end.size() - at));
    at = last;
  }
  return found;
}

std::vector<std::string> texts(std::string_view xml, std::string_view name) {
  const std::string plain = without_comments(xml);
  std::vector<std::string> found;
  for (const std::string_view element : elements(plain, name)) {
    const auto begin = element.find('>');
    const std::string_view text = element.substr(begin + 1, element.rfind('<') - begin - 1);
    if (text.find('<') == std::string_view::npos) found.push_back(unescaped(trim(text)));
  }
  return found;
}

}  // namespace simswarm::build
