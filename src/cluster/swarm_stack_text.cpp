#include "cluster/swarm_stack_text.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "base/text.h"
#include "simulator/command_text.h"

namespace simswarm::cluster {
namespace {

// The stack file is ours: where a line that is looked for is not there once, somebody has changed one without the
// other.
std::string replaced_once(const std::string& text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos || text.find(from, at + 1) != std::string::npos)
    throw std::logic_error(fmt::format("stack.yml: «{}» does not stand there once", from));
  return text.substr(0, at) + std::string(to) + text.substr(at + from.size());
}

std::string without_line(const std::string& text, std::string_view what) {
  const std::size_t at = text.find(what);
  if (at == std::string::npos) throw std::logic_error(fmt::format("stack.yml: «{}» does not stand there", what));
  const std::size_t first = text.rfind('\n', at) + 1;
  return text.substr(0, first) + text.substr(text.find('\n', at) + 1);
}

// From «  NAME:» to the next line that is not deeper; empty: there is none.
struct Section {
  std::size_t begin = std::string_view::npos;  // behind its name
  std::size_t end = std::string_view::npos;
};
Section section_of(std::string_view stack, std::string_view service) {
  const std::string head = fmt::format("\n  {}:\n", service);
  const std::size_t services = stack.starts_with("services:") ? 0 : stack.find("\nservices:");
  const std::size_t at = services == std::string_view::npos ? services : stack.find(head, services);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + head.size();
  std::size_t end = begin;
  while (end < stack.size()) {
    const std::size_t stop = std::min(stack.find('\n', end), stack.size() - 1) + 1;
    const std::string_view line = stack.substr(end, stop - end);
    if (!trim(line).empty() && !line.starts_with("   ")) break;
    end = stop;
  }
  return {begin, end};
}

// As many slots as the node has cores, one task on each node; nothing is reserved, since that would need a number.
std::string per_node(const std::string& runner) {
  std::string text = without_line(runner, "- --slots=1\n");
  text = replaced_once(text, "replicas: 100\n", "mode: global\n");
  return without_line(text, "reservations: {");
}

bool is_plain(std::string_view text, std::string_view also) {
  return !text.empty() && text.size() < 256 && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  });
}

struct Toolchain {
  std::string name, image;
};

Status check(const Toolchain& one) {
  if (!is_plain(one.name, "-_.") || one.name.size() > 40 || !is_plain(one.name.substr(0, 1), "") ||
      !is_plain(one.name.substr(one.name.size() - 1), ""))
    return usage_error("the toolchain «{}»: letters, digits, «-», «_» and «.» make its name",
                       clean_line(one.name, 100));
  if (!is_plain(one.image, "-_./:@"))
    return usage_error("the toolchain {}: «{}» is no image", one.name, clean_line(one.image, 200));
  return {};
}

constexpr std::string_view kImage = "image: \"${SIMSWARM_IMAGE:?}\"";

std::string builder_for(const Toolchain& one, const std::string& builder) {
  std::string text = replaced_once(builder, kImage, fmt::format("image: \"{}\"", one.image));
  text = replaced_once(text, "\"worker\", \"build\",", fmt::format("\"worker\", \"build\", \"--image={}\",", one.name));
  text = replaced_once(text, "- builder:", fmt::format("- builder-{}:", toolchain_suffix(one.name)));
  return fmt::format("  builder-{}:\n{}", toolchain_suffix(one.name), text);
}

// Two services that reserve cores would take them from each other, whichever came first. So further runners are one a
// node, and reserve nothing: cores are shared while campaigns of several toolchains run.
std::string runner_for(const Toolchain& one, const std::string& runner) {
  std::string text = replaced_once(runner, kImage, fmt::format("image: \"{}\"", one.image));
  text = replaced_once(text, "- run\n", fmt::format("- run\n      - --image={}\n", one.name));
  return fmt::format("  runner-{}:\n{}", toolchain_suffix(one.name), text);
}

}  // namespace

std::string toolchain_suffix(const std::string& toolchain) {
  return replace_all(toolchain, ".", "-");
}

std::string service_text(std::string_view stack, std::string_view service) {
  const Section section = section_of(stack, service);
  return section.begin == std::string_view::npos
             ? std::string()
             : std::string(stack.substr(section.begin, section.end - section.begin));
}

std::string service_value(std::string_view stack, std::string_view service, std::string_view key) {
  const std::string text = service_text(stack, service);
  const std::string head = fmt::format("    {}:", key);
  for (const std::string_view line : lines(text)) {
    if (!line.starts_with(head)) continue;
    std::string_view value = trim(line.substr(head.size()));
    if (value.size() >= 2 && value.front() == value.back() && (value.front() == '"' || value.front() == '\''))
      value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return {};
}

std::vector<std::string> service_names(std::string_view stack) {
  std::vector<std::string> names;
  bool is_inside = false;
  for (const std::string_view line : lines(stack)) {
    if (!line.empty() && line.front() != ' ' && line.front() != '#') is_inside = line.starts_with("services:");
    const bool is_head = line.starts_with("  ") && line.size() > 3 && line[2] != ' ' && line[2] != '#';
    if (is_inside && is_head && line.ends_with(':')) names.emplace_back(line.substr(2, line.size() - 3));
  }
  return names;
}

std::vector<std::string> variables_of(std::string_view stack) {
  constexpr std::string_view kHead = "${";
  std::set<std::string> names;
  for (const std::string_view line : lines(stack)) {
    if (trim(line).starts_with("#")) continue;
    for (std::size_t at = line.find(kHead); at != std::string_view::npos; at = line.find(kHead, at + 1)) {
      std::size_t end = at + kHead.size();
      while (end < line.size() && is_plain(line.substr(end, 1), "_")) ++end;
      const std::string_view name = line.substr(at + 2, end - at - 2);
      if (!name.empty()) names.emplace(name);
    }
  }
  return {names.begin(), names.end()};
}

Result<std::string> stack_text(const SwarmRecord& record) {
  std::string stack(embedded::stack_yml());
  const std::string builder = service_text(stack, "builder");
  const std::string node_runner = per_node(service_text(stack, "runner"));
  std::string more_services, more_volumes;
  std::set<std::string> suffixes;
  for (const auto& [name, image] : record.toolchains) {
    const Toolchain one{name, image};
    SIMSWARM_CHECK(check(one));
    if (!suffixes.insert(toolchain_suffix(name)).second)
      return usage_error("the toolchain {}: another one's services are called builder-{}, too", name,
                         toolchain_suffix(name));
    more_services += builder_for(one, builder) + runner_for(one, node_runner);
    more_volumes += fmt::format("  builder-{}:\n", toolchain_suffix(name));
  }
  const Section section = section_of(stack, "runner");
  if (record.runner_per_node) {
    stack = stack.substr(0, section.begin) + node_runner + more_services + stack.substr(section.end);
  } else {
    stack.insert(section.end, more_services);
  }
  return replaced_once(stack, "\nvolumes:\n", "\nvolumes:\n" + more_volumes);
}

}  // namespace simswarm::cluster
