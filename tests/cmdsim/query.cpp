#include "query.h"

#include <algorithm>
#include <cctype>

#include "expression.h"
#include "text.h"

namespace cmdsim {
namespace {

struct Question {
  std::string config;
  std::string filter;
  bool verbose;
};

int digits(const std::string& list, size_t& at) {
  const size_t begin = at;
  while (at < list.size() && std::isdigit(static_cast<unsigned char>(list[at])) != 0) ++at;
  if (at == begin) throw SimulationError("Syntax error in run list '" + list + "'");
  return std::stoi(list.substr(begin, at - begin));
}

std::vector<int> selectByExpression(const std::vector<RunInfo>& runs, const std::string& filter) {
  std::vector<int> selected;
  try {
    for (size_t i = 0; i < runs.size(); ++i) {
      const std::string expanded = substituteDollars(filter, [&](const std::string& name) {
        const auto found = runs[i].variables.find(name);
        if (found == runs[i].variables.end()) throw SimulationError("Unknown variable $" + name);
        return found->second;
      });
      if (evaluateBool(expanded)) selected.push_back(static_cast<int>(i));
    }
  } catch (const SimulationError& e) {
    throw SimulationError(std::string("Cannot evaluate run filter: ") + e.what());
  }
  return selected;
}

std::string indented(const std::string& lines) {
  std::string text;
  for (const std::string& line : words(lines, "\n")) text += "\t" + line + "\n";
  return text;
}

std::string activeEntries(Configuration& configuration, const std::string& config, int run) {
  configuration.activate(config, run);
  std::string text;
  for (const Entry& entry : configuration.entries()) text += "\t" + entry.key + " = " + entry.value + "\n";
  return text;
}

/// `-q runs`, `rundetails`, `runconfig`.
void listRuns(const std::string& what, Configuration& configuration, const Question& question,
              const std::vector<int>& selected, std::ostream& out) {
  const std::vector<RunInfo> runs = configuration.unroll(question.config);
  for (size_t i = 0; i < selected.size(); ++i) {
    const RunInfo& run = runs.at(static_cast<size_t>(selected[i]));
    out << "Run " << selected[i] << ": " << run.text << "\n";
    if (what == "rundetails") out << indented(run.expanded);
    if (what == "runconfig") out << activeEntries(configuration, question.config, selected[i]);
    if (what != "runs" && i + 1 < selected.size()) out << "\n";
  }
}

void aboutRuns(const std::string& what, Configuration& configuration, const Question& question, std::ostream& out) {
  const std::vector<int> selected = selectRuns(configuration, question.config, question.filter);
  if (question.verbose) {
    out << "Config: " << question.config << "\nNumber of runs: " << configuration.countRuns(question.config) << "\n";
    if (!isBlank(question.filter)) out << "Number of runs selected: " << selected.size() << "\n";
    if (what != "numruns") out << "\n";
  }
  if (what == "numruns") {
    if (!question.verbose) out << selected.size() << "\n";
  } else if (what == "runnumbers") {
    if (question.verbose) out << "Run numbers:";
    for (const int run : selected) out << " " << run;
    out << "\n";
  } else if (what == "runs" || what == "rundetails" || what == "runconfig") {
    listRuns(what, configuration, question, selected, out);
  } else {
    throw SimulationError("Unrecognized -q argument '" + what + "'");
  }
}

void answer(const std::string& what, Configuration& configuration, const Question& question, std::ostream& out) {
  if (what == "sectioninheritance") {
    if (question.verbose) out << "\n";
    for (const std::string& name : configuration.chain(question.config)) {
      out << (name == "General" ? "" : "Config ") << name << "\n";
    }
  } else if (what.find("run") != std::string::npos) {
    aboutRuns(what, configuration, question, out);
  } else {
    throw SimulationError("Unrecognized -q argument '" + what + "'");
  }
}

void echoOption(const std::string& option, Configuration& configuration, const Question& question, std::ostream& out) {
  const std::vector<int> selected = selectRuns(configuration, question.config, question.filter);
  if (selected.empty()) throw SimulationError("Run filter does not match any run");
  if (selected.size() > 1) {
    throw SimulationError("Run filter matches more than one run (" + std::to_string(selected.size()) + ")");
  }
  configuration.activate(question.config, selected[0]);
  if (findOption(option) == nullptr) throw SimulationError("Configuration option \"" + option + "\" not found");
  out << configuration.raw(option) << "\n";
}

constexpr const char* kHelp =
    "cmdsim: a stand-in for a simulation program, for tests. See its README.md.\n"
    "  [-f] INIFILE... -c CONFIG -r RUNS -u Cmdenv -n NEDPATH -l LIBRARY -s -m -v -h\n"
    "  -a | -q numruns|runnumbers|runs|rundetails|runconfig|sectioninheritance | -e OPTION\n"
    "  --OPTION=VALUE ...\n\n";

}  // namespace

std::vector<int> parseRunList(const std::string& list) {
  std::vector<int> numbers;
  const std::string text = replaceAll(list, " ", "");
  for (size_t at = 0; at < text.size();) {
    const int first = digits(text, at);
    int last = first;
    if (text.compare(at, 1, "-") == 0 || text.compare(at, 2, "..") == 0) {
      at += text[at] == '-' ? 1 : 2;
      last = digits(text, at);
    }
    for (int number = first; number <= last; ++number) numbers.push_back(number);
    if (at < text.size() && text[at++] != ',') throw SimulationError("Syntax error in run list '" + list + "'");
  }
  return numbers;
}

std::vector<int> selectRuns(const Configuration& configuration, const std::string& config, const std::string& filter) {
  if (!isBlank(filter) && filter.find_first_not_of("0123456789,.- ") != std::string::npos) {
    return selectByExpression(configuration.unroll(config), filter);
  }
  const int count = configuration.countRuns(config);
  std::vector<int> selected;
  if (isBlank(filter)) {
    for (int i = 0; i < count; ++i) selected.push_back(i);
    return selected;
  }
  selected = parseRunList(filter);
  for (const int run : selected) {
    if (run < count) continue;
    throw SimulationError("Run number " + std::to_string(run) + " in run list '" + filter + "' is out of range 0.." +
                          std::to_string(count - 1));
  }
  return selected;
}

bool answerQuery(const Arguments& arguments, Configuration& configuration, std::ostream& out) {
  if (arguments.given('h')) {
    out << kHelp;
    return true;
  }
  if (arguments.given('v')) {
    out << "Build: cmdsim\n";
    return true;
  }
  const Question question{arguments.value('c').value_or("General"), arguments.value('r').value_or(""),
                          !arguments.given('s')};
  if (arguments.given('a')) {
    for (const Section& section : configuration.sections()) {
      out << "Config " << section.name << ": " << configuration.countRuns(section.name) << "\n" << std::flush;
    }
  } else if (arguments.given('q')) {
    answer(lower(arguments.value('q').value_or("")), configuration, question, out);
  } else if (arguments.given('e')) {
    echoOption(arguments.value('e').value_or(""), configuration, question, out);
  } else {
    return false;
  }
  return true;
}

}  // namespace cmdsim
