// What a campaign is made with: the project's commit, the program, the machine.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "campaign/campaign.h"

namespace simswarm::campaign {

struct ProvenanceRequest {
  fs::path project;         // absolute
  fs::path working_folder;  // absolute
  fs::path program;         // absolute; empty: not known
  // What went into the keys: path relative to the working folder, or absolute, and digest.
  const std::map<std::string, std::string>& inputs;
};

// The project and its program, without what only the program itself can tell. Never fails: what cannot be found out is
// left open. Git is asked as the project's owner where we are root, since it runs what the project's own settings name.
[[nodiscard]] Provenance provenance_of(const ProvenanceRequest& request);

// All of it. The simulator's version is asked of the program once for each of its builds, and only by a campaign that
// is going to start it anyway.
[[nodiscard]] Provenance provenance_of(const Options& options, const Dialect& dialect, const Plan& plan,
                                       Ledger& ledger);

// What the ledger notes of a campaign when it begins.
[[nodiscard]] CampaignRecord record_of(const Options& options, const Dialect& dialect, const Plan& plan, Ledger& ledger,
                                       const std::string& host);

// «OMNeT++ 6.0.3» out of what Cmdenv prints first; empty where that is something else.
[[nodiscard]] std::string omnetpp_version(std::string_view output);

}  // namespace simswarm::campaign
