#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "configuration.h"
#include "expression.h"
#include "text.h"

// Iteration variables and `${}`: the part of Configuration that turns sections into runs.
namespace cmdsim {
namespace {

/// What stands in `${...}`.
struct Reference {
  std::string name;
  std::string values;
  std::string parallel;
  size_t end = 0;  ///< position after the closing brace
};

size_t closingBrace(const std::string& text, size_t from) {
  bool inLiteral = false;
  int depth = 0;
  for (size_t at = from; at < text.size(); ++at) {
    if (text[at] == '"' && text[at - 1] != '\\') inLiteral = !inLiteral;
    if (inLiteral) continue;
    if (text[at] == '{') ++depth;
    if (text[at] == '}' && depth-- == 0) return at;
  }
  return text.size();  // the simulator takes the end of the line for the missing brace
}

Reference parseReference(const std::string& text, size_t at) {
  const size_t close = closingBrace(text, at + 2);
  Reference reference;
  reference.end = std::min(close + 1, text.size());
  const std::string inside = trim(text.substr(at + 2, close - at - 2));
  size_t nameEnd = 0;
  if (!inside.empty() && isNameStart(inside[0])) {
    while (nameEnd < inside.size() && isNameChar(inside[nameEnd])) ++nameEnd;
  }
  const std::string rest = trim(inside.substr(nameEnd));
  if (nameEnd != 0 && rest.empty()) {
    reference.name = inside;
    return reference;
  }
  if (nameEnd != 0 && rest[0] == '=' && rest.substr(0, 2) != "==") {
    reference.name = inside.substr(0, nameEnd);
    reference.values = trim(rest.substr(1));
  } else if (nameEnd == 0 || inside.find(',') != std::string::npos) {
    reference.values = inside;
  } else {
    throw SimulationError("Missing '=' after '${varname'");
  }
  const size_t mark = reference.values.rfind('!');
  if (mark == std::string::npos) return reference;
  const std::string parallel = trim(reference.values.substr(mark + 1));
  if (parallel.empty() || !isNameStart(parallel[0])) return reference;
  reference.parallel = parallel;
  reference.values = trim(reference.values.substr(0, mark));
  return reference;
}

std::string locationKey(int section, int entry, int occurrence) {
  return std::to_string(section) + ":" + std::to_string(entry) + ":" + std::to_string(occurrence);
}

std::string now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm local{};
  localtime_r(&seconds, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H:%M:%S", &local);
  return text;
}

}  // namespace

std::vector<IterationVariable> Configuration::iterationVariables(const std::vector<int>& chain,
                                                                 UnnamedVariables& unnamed) const {
  std::vector<IterationVariable> variables;
  int unnamedCount = 0;
  for (const int id : chain) {
    const auto& entries = sections()[static_cast<size_t>(id)].entries;
    for (size_t i = 0; i < entries.size(); ++i) {
      const std::string& value = entries[i].value;
      int occurrence = 0;
      for (size_t at = 0; (at = value.find("${", at)) != std::string::npos; ++occurrence) {
        Reference found = parseReference(value, at);
        at = found.end;
        if (found.values.empty()) continue;
        if (found.name.empty()) {
          found.name = std::to_string(unnamedCount++);
          unnamed[locationKey(id, static_cast<int>(i), occurrence)] = found.name;
        }
        for (const IterationVariable& other : variables) {
          if (other.name != found.name) continue;
          throw SimulationError("Scenario generator: Redefinition of iteration variable ${" + found.name +
                                "} in the configuration");
        }
        variables.push_back({found.name, found.values, found.parallel});
      }
    }
  }
  const std::string repeat = find(chain, "repeat", nullptr).value_or("1");
  variables.push_back({"repetition", "0.." + number(evaluateNumber(repeat) - 1, 10), ""});
  return variables;
}

Scenario Configuration::scenario(const std::vector<int>& chain, UnnamedVariables& unnamed, bool ordered) const {
  const std::vector<IterationVariable> variables = iterationVariables(chain, unnamed);
  return {variables, valueOf(chain, "constraint"), ordered ? valueOf(chain, "iteration-nesting-order") : ""};
}

std::string Configuration::substitute(const std::string& text, Location where, const Variables& variables,
                                      const UnnamedVariables& unnamed) const {
  std::string result;
  size_t done = 0;
  int occurrence = 0;
  for (size_t at = 0; (at = text.find("${", at)) != std::string::npos; ++occurrence) {
    const Reference found = parseReference(text, at);
    std::string name = found.name;
    if (name.empty()) {
      const auto known = unnamed.find(locationKey(where.section, where.entry, occurrence));
      if (known != unnamed.end()) name = known->second;
    }
    const auto value = variables.find(name);
    if (value == variables.end()) throw SimulationError("No such variable: ${" + name + "}");
    result += text.substr(done, at - done) + value->second;
    done = at = found.end;
  }
  return result + text.substr(done);
}

std::string Configuration::setting(const std::vector<int>& chain, const std::string& key, const Variables& variables,
                                   const UnnamedVariables& unnamed) const {
  Location where;
  const OptionKind* known = findOption(key);
  const std::string standard = known == nullptr || known->standard == nullptr ? "" : known->standard;
  return unquote(substitute(find(chain, key, &where).value_or(standard), where, variables, unnamed));
}

Variables Configuration::variablesOf(const std::string& config, int run, const std::vector<int>& chain,
                                     const Scenario& scenario, const UnnamedVariables& unnamed) const {
  Variables v;
  std::string plain;
  std::string forFiles;
  std::string forFolders;
  for (const std::string& name : scenario.names()) {
    const std::string value = scenario.value(name);
    v[name] = value;
    if (name == "repetition") continue;
    plain += (plain.empty() ? "$" : ", $") + name + "=" + value;
    const std::string part = (isNameStart(name[0]) ? name + "=" : "") + encodeForFileName(unquote(value));
    forFiles += (forFiles.empty() ? "" : ",") + part;
    forFolders += (forFolders.empty() ? "" : "/") + part;
  }
  v["iterationvars"] = plain;
  v["iterationvarsf"] = forFiles.empty() ? "" : forFiles + "-";
  v["iterationvarsd"] = forFolders;
  const auto width = static_cast<size_t>(evaluateNumber(setting(chain, "runnumber-width", v, unnamed)));
  std::string digits = std::to_string(run);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  v["inifile"] = ini_.fileName();
  v["configname"] = config;
  v["runnumber"] = digits;
  v["network"] = setting(chain, "network", v, unnamed);
  v["processid"] = std::to_string(getpid());
  v["datetime"] = now();
  v["datetimef"] = replaceAll(v["datetime"], ":", "");
  v["runid"] = config + "-" + digits + "-" + v["datetime"] + "-" + v["processid"];
  std::string folder = setting(chain, "result-dir", v, unnamed);
  if (evaluateBool(setting(chain, "resultdir-subdivision", v, unnamed))) folder += "/" + config + "/" + forFolders;
  v["resultdir"] = folder;
  v["seedset"] = number(evaluateNumber(setting(chain, "seed-set", v, unnamed)), 12);
  v["experiment"] = setting(chain, "experiment-label", v, unnamed);
  v["measurement"] = setting(chain, "measurement-label", v, unnamed);
  v["replication"] = setting(chain, "replication-label", v, unnamed);
  return v;
}

}  // namespace cmdsim
