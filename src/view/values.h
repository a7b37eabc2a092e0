// The scalars of a campaign's runs, as they come in: what can be plotted over its iteration variables.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "result/observation.h"
#include "result/series.h"
#include "view/campaign_model.h"

namespace simswarm::view {

struct ScalarName {
  std::string module, name, unit;
  std::size_t runs = 0;  // that have one
};

// Numbers are kept with 7 digits: it is for looking.
class Values {
 public:
  static constexpr std::size_t kMostBytes = 48U << 20U;

  explicit Values(std::size_t runs) : is_read_(runs) {}

  // What a run has; at most once for each.
  void add(std::size_t position, const std::vector<result::Observation>& observations);
  [[nodiscard]] bool is_read(std::size_t position) const { return is_read_.at(position); }
  [[nodiscard]] std::size_t read() const { return read_; }
  // Scalars that were left out, since there were too many of them.
  [[nodiscard]] std::size_t left_out() const { return left_out_; }
  [[nodiscard]] std::vector<ScalarName> names(const std::string& search) const;

  // Means of one scalar over the values of `x`, one series for each combination of `by`. Names of axes; an unknown one
  // is an error. Runs of other values are not told apart. An empty module: of any module.
  [[nodiscard]] Result<result::SeriesSet> series(const CampaignModel& model, const std::string& module,
                                                 const std::string& name, const std::string& x,
                                                 const std::vector<std::string>& by) const;
  [[nodiscard]] std::string unit_of(const std::string& name) const;

 private:
  struct Column {
    std::string unit;
    std::vector<float> values;  // by position; NaN: none
    std::size_t runs = 0;
  };
  std::map<std::pair<std::string, std::string>, Column> columns_;  // by name and module
  std::vector<bool> is_read_;
  std::size_t read_ = 0, left_out_ = 0;
};

}  // namespace simswarm::view
