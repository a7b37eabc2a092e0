// All that the whole way needs: a client in a project without program, Redis, a store, a builder and runners.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "campaign_site.h"
#include "fault_proxy.h"
#include "project_files.h"

namespace simswarm::whole {

using jobs::Environment;
using jobs::Program;
using jobs::Words;
using store::Kind;

// What a client has said of its build, besides what Said has.
struct Told : store::Said {
  nlohmann::json built;  // the event; null: none
  std::string output;    // of the build
  std::vector<std::string> phases;
  std::string campaign;  // as the builder and the store know it; empty: it has not said

  // Nothing is wrong, all of them are complete, so many of them known before.
  [[nodiscard]] bool is_whole(std::size_t runs, std::size_t known = 0) const;
  // What came of the build: nothing was built, or so many files were compiled.
  [[nodiscard]] bool built_nothing() const;
  [[nodiscard]] bool compiled(std::size_t files) const;
};
Told told_by(const Program& program);

class WholeSite : public store::CampaignSite {
 public:
  explicit WholeSite(Kind kind = Kind::kDirectory);

  [[nodiscard]] const ProjectFiles& files() const { return files_; }
  void make_simulation(const std::string& ini = kIni) const { files_.make_simulation(ini, outside_folder()); }
  void make_program() const { files_.make_program(outside_folder()); }

  // They have announced themselves when these return. Leases of a second; options take the place of what is usual.
  [[nodiscard]] Program builder(const std::string& name, const Words& options = {},
                                const Environment& environment = {});
  [[nodiscard]] Program runner(const std::string& name, const Words& options = {});

  // `simswarm runall --on lab … -- ./sim -c General`, in the project or in another folder.
  [[nodiscard]] Program runall(const Words& options = {}, const fs::path& where = {}, const Words& more = {});
  // `simswarm sweep --on lab … n=0…runs-1 -- ./program {n} {results}`
  [[nodiscard]] Program sweep_on(int runs, const Words& options = {}, const fs::path& where = {});
  // Any words, with the hosts in its environment.
  [[nodiscard]] Program user(const Words& words, const fs::path& where = {}, const Environment& more = {});
  [[nodiscard]] Told told(Program program, std::chrono::seconds at_most = std::chrono::seconds(60)) const;
  // «--on lab» from now on: through a proxy, which is made here.
  [[nodiscard]] jobs::FaultProxy& watch_client();
  // The queue as builders have it from now on.
  [[nodiscard]] jobs::FaultProxy& watch_builders();

  // --- the build
  // Checkouts of all projects.
  [[nodiscard]] std::vector<fs::path> checkouts() const;
  void close_gate() const;                         // for builds of the project from now on
  [[nodiscard]] bool waits_at_gate() const;        // until some build does
  void open_gate() const;                          // for who waits; closed for the next one
  [[nodiscard]] std::size_t compilations() const;  // of all checkouts, since they were made
  // Processes whose working folder lies in a checkout.
  [[nodiscard]] std::size_t processes_of_builds() const;
  void hold_plan() const { folder().write("outside/hold-plan", ""); }
  void let_plan_go() const { fs::remove(folder() / "outside/hold-plan"); }
  [[nodiscard]] bool waits_for_question(std::size_t count = 1) const;  // until a program was asked for its runs
  [[nodiscard]] std::size_t questions() const;

  // A copy of the project that is built by make and executed here, and has the same results.
  void expect_like_local(std::size_t runs, const Words& words = {"./sim", "-c", "General"});
  [[nodiscard]] fs::path outside_folder() const { return folder() / "outside"; }
  [[nodiscard]] fs::path hosts_file() const { return folder() / "hosts.toml"; }
  void write_hosts(const std::string& queue) const;
  // The campaign whose build was asked for last; empty: none was.
  [[nodiscard]] std::string newest_build();
  [[nodiscard]] std::size_t queued_runs();  // waiting or running, in all queues of runs

 private:
  ProjectFiles files_;
  std::unique_ptr<jobs::FaultProxy> client_proxy_, builder_proxy_;
  int copies_ = 0;
};

}  // namespace simswarm::whole
