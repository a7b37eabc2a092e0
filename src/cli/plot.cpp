// simswarm plot and simswarm table: a measured value over an iteration variable.
#include "result/plot.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "result/observation.h"
#include "result/statistics.h"
#include "result/table.h"
#include "result/text_table.h"
#include "view/runs.h"

namespace simswarm::cli {
namespace {

using result::Measurement;

constexpr std::string_view kConfig = "configname";  // as result files call it

std::optional<std::string> value_of(const Run& run, const std::string& name) {
  for (const Variable& variable : run.variables) {
    if (variable.name == name) return variable.value;
  }
  return name == kConfig ? std::optional(run.config) : std::nullopt;
}

// The runs of a campaign that are complete, with what stands on the x axis and what tells the lines apart.
class CampaignReader {
 public:
  CampaignReader(const Opened& opened, const PlotArguments& arguments) : opened_(opened), arguments_(arguments) {}

  Result<std::vector<Measurement>> read() {
    SIMSWARM_TRY(const CampaignRecord campaign, find_campaign(*opened_.ledger, arguments_.look.campaign));
    SIMSWARM_TRY(const auto runs, view::runs_of_campaign(*opened_.ledger, campaign.id));
    SIMSWARM_CHECK(choose(runs));
    for (const view::RunStatus& run : runs) {
      if (run.has_result) SIMSWARM_CHECK(read_run(run));
    }
    if (measurements_.empty()) return nothing_found();
    return std::move(measurements_);
  }

  [[nodiscard]] const std::string& x() const { return x_; }

 private:
  Status choose(const std::vector<view::RunStatus>& runs) {
    std::vector<std::string> names = variables_of(runs);
    x_ = arguments_.x;
    if (x_.empty() && names.size() == 1) x_ = names.front();
    if (x_.empty() && names.size() == 2 && names.front() == kConfig) x_ = names.back();
    if (x_.empty())
      return usage_error("--x names the variable of the x axis; there are {}",
                         names.empty() ? "none" : join(names, ", "));
    for (const std::string& name : arguments_.by.empty() ? std::vector<std::string>{x_} : arguments_.by)
      SIMSWARM_CHECK(check(name, names));
    SIMSWARM_CHECK(check(x_, names));
    by_ = arguments_.by;
    for (const std::string& name : names) {
      if (arguments_.by.empty() && name != x_) by_.push_back(name);
    }
    return {};
  }

  // Of all runs; with several configurations theirs tells runs apart, too.
  static std::vector<std::string> variables_of(const std::vector<view::RunStatus>& runs) {
    std::vector<std::string> names;
    std::set<std::string> seen;
    std::set<std::string> configs;
    for (const view::RunStatus& run : runs) {
      configs.insert(run.planned.run.config);
      for (const Variable& variable : run.planned.run.variables) {
        if (seen.insert(variable.name).second) names.push_back(variable.name);
      }
    }
    if (configs.size() > 1 && !seen.contains(std::string(kConfig))) names.insert(names.begin(), std::string(kConfig));
    return names;
  }

  static Status check(const std::string& name, const std::vector<std::string>& names) {
    if (std::find(names.begin(), names.end(), name) != names.end()) return {};
    const auto near = near_misses(name, names);
    return usage_error("the runs have no variable «{}»; {} {}", name, near.empty() ? "there are" : "did you mean",
                       join(near.empty() ? names : near, ", "));
  }

  Status read_run(const view::RunStatus& status) {
    const auto x = value_of(status.planned.run, x_);
    if (!x) return {};  // its configuration does not vary that
    result::Accumulator values;
    for (const ResultFile& file : status.files) {
      const fs::path path = absolute_from(opened_.working_folder, file.path);
      const std::string extension = path.extension().string();
      if (extension == ".sca") {
        SIMSWARM_CHECK(read_scalars(path, values));
      } else if (extension == ".csv" || extension == ".tsv") {
        SIMSWARM_CHECK(read_columns(path, values));
      }
    }
    if (values.count() == 0) return {};
    const Run& run = status.planned.run;
    std::vector<std::string> labels;
    for (const std::string& name : by_) {
      const auto value = value_of(run, name);
      if (value) labels.push_back(name == kConfig ? *value : name + "=" + *value);
    }
    measurements_.push_back({join(labels, ", "), *x, values.mean()});
    return {};
  }

  Status read_scalars(const fs::path& path, result::Accumulator& values) {
    SIMSWARM_TRY(const auto observations, result::read_observations(path, {arguments_.module, arguments_.y}));
    for (const auto& observation : observations) values.add(observation.value);
    if (observations.empty()) {
      SIMSWARM_TRY(const auto all, result::read_observations(path, {}));
      for (const auto& observation : all) names_.insert(observation.name);
    }
    return {};
  }

  Status read_columns(const fs::path& path, result::Accumulator& values) {
    SIMSWARM_TRY(const result::Table table, result::read_table(path));
    const result::Column* column = table.find(arguments_.y);
    if (column == nullptr) {
      for (const result::Column& other : table.columns) names_.insert(other.name);
      return {};
    }
    for (const double value : column->numbers) {
      if (std::isfinite(value)) values.add(value);
    }
    return {};
  }

  tl::unexpected<Error> nothing_found() const {
    const std::vector<std::string> names(names_.begin(), names_.end());
    auto near = near_misses(arguments_.y, names);
    if (near.empty())
      near.assign(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(names.size(), 10)));
    return usage_error("no complete run of the campaign has a value «{}»{}", arguments_.y,
                       near.empty() ? "" : "; there are " + join(near, ", "));
  }

  const Opened& opened_;
  const PlotArguments& arguments_;
  std::string x_;
  std::vector<std::string> by_;
  std::vector<Measurement> measurements_;
  std::set<std::string> names_;
};

struct Read {
  std::string x;
  result::SeriesSet data;
};

Result<Read> read(const PlotArguments& arguments) {
  if (!arguments.results.empty()) {
    SIMSWARM_TRY(const fs::path folder, working_folder());
    SIMSWARM_TRY(const auto files, result::files_below(absolute_from(folder, arguments.results), {".sca"}));
    if (files.empty()) {
      return usage_error(
          "there is no .sca file below {}; without --results the results of a campaign are read, CSV files too",
          arguments.results);
    }
    SIMSWARM_TRY(const auto observations, result::read_observations(files, {arguments.module, arguments.y}));
    result::Grouping grouping{arguments.x.empty() ? std::vector<std::string>() : std::vector<std::string>{arguments.x},
                              arguments.by};
    SIMSWARM_TRY(const auto measurements, result::measurements(observations, grouping));
    return Read{arguments.x, result::group(measurements)};
  }
  SIMSWARM_TRY(const Opened opened, open_ledger(arguments.look));
  CampaignReader reader(opened, arguments);
  SIMSWARM_TRY(const auto measurements, reader.read());
  return Read{reader.x(), result::group(measurements)};
}

std::string x_text(const result::SeriesSet& data, const result::Point& point) {
  if (data.categories.empty()) return fmt::format("{:g}{}", point.x, data.x_unit);
  return data.categories.at(static_cast<std::size_t>(point.x));
}

}  // namespace

Result<ExitCode> plot(const PlotArguments& arguments) {
  SIMSWARM_TRY(Read read_values, read(arguments));
  const result::Plot picture{arguments.title, read_values.x, arguments.y, std::move(read_values.data)};
  const TerminalSize terminal = terminal_size();
  const result::TextSize size{std::clamp<std::size_t>(terminal.columns, 40, 110),
                              std::clamp<std::size_t>(terminal.lines - 2, 14, 30), !arguments.ascii};
  print(result::to_text(picture, size));
  if (!arguments.svg.empty()) {
    SIMSWARM_CHECK(write_file_atomically(arguments.svg, result::to_svg(picture)));
    print(fmt::format("\nwritten: {}\n", arguments.svg));
  }
  return ExitCode::kOk;
}

Result<ExitCode> table(const PlotArguments& arguments) {
  SIMSWARM_TRY(const Read read_values, read(arguments));
  const bool several = read_values.data.series.size() > 1;
  std::vector<std::string> header{read_values.x, "mean " + arguments.y, "± 95%", "runs"};
  if (several) header.insert(header.begin(), "series");
  result::TextTable rows(header);
  for (const result::Series& series : read_values.data.series) {
    for (const result::Point& point : series.points) {
      std::vector<std::string> row{x_text(read_values.data, point), fmt::format("{:.6g}", point.mean),
                                   point.half_width ? fmt::format("{:.3g}", *point.half_width) : "",
                                   std::to_string(point.n)};
      if (several) row.insert(row.begin(), series.label);
      rows.add_row(std::move(row));
    }
  }
  print(rows.render({!arguments.ascii, 0}));
  return ExitCode::kOk;
}

}  // namespace simswarm::cli
