#include "step_back_end.h"

namespace simswarm::store {
namespace {

class StepWriter final : public FileWriter {
 public:
  StepWriter(std::unique_ptr<FileWriter> inner, const Step& step) : inner_(std::move(inner)), step_(step) {}
  Status write(std::string_view bytes) override {
    step_("write");
    SIMSWARM_CHECK(inner_->write(bytes));
    step_("wrote");
    return {};
  }
  Result<std::string> keep(const std::string& name) override {
    step_("keep");
    SIMSWARM_TRY(std::string id, inner_->keep(name));
    step_("kept");
    return id;
  }

 private:
  std::unique_ptr<FileWriter> inner_;
  const Step& step_;
};

class StepSource final : public Source {
 public:
  StepSource(std::unique_ptr<Source> inner, const Step& step) : inner_(std::move(inner)), step_(step) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    step_("read");
    return inner_->read(buffer);
  }

 private:
  std::unique_ptr<Source> inner_;
  const Step& step_;
};

class StepBackEnd final : public BackEnd {
 public:
  StepBackEnd(std::unique_ptr<BackEnd> inner, Step step) : inner_(std::move(inner)), step_(std::move(step)) {}

  Result<std::vector<bool>> insert(const std::string& collection, std::span<const Document> documents) override {
    step_("insert " + collection);
    auto done = inner_->insert(collection, documents);
    step_("inserted " + collection);
    return done;
  }
  Result<std::vector<std::optional<Document>>> find(const std::string& collection, std::span<const std::string> ids,
                                                    Part part) override {
    step_("find " + collection);
    auto done = inner_->find(collection, ids, part);
    step_("found " + collection);
    return done;
  }
  Status each(const std::string& collection, const Where& where, const Visit& visit) override {
    return inner_->each(collection, where, visit);
  }
  Result<bool> remove(const std::string& collection, const std::string& id) override {
    step_("remove " + collection);
    auto done = inner_->remove(collection, id);
    step_("removed " + collection);
    return done;
  }
  Result<std::unique_ptr<FileWriter>> create_file() override {
    step_("create file");
    SIMSWARM_TRY(auto file, inner_->create_file());
    return std::make_unique<StepWriter>(std::move(file), step_);
  }
  Result<std::unique_ptr<Source>> open_file(const FileRecord& file) override {
    step_("open file");
    SIMSWARM_TRY(auto source, inner_->open_file(file));
    step_("opened file");
    return std::make_unique<StepSource>(std::move(source), step_);
  }
  Result<std::optional<FileRecord>> find_file(const std::string& name) override { return inner_->find_file(name); }
  Status each_file(const VisitFile& visit) override { return inner_->each_file(visit); }
  Status remove_file(const std::string& id) override { return inner_->remove_file(id); }
  Result<Swept> sweep(std::chrono::seconds age) override { return inner_->sweep(age); }
  const std::string& shown() const override { return inner_->shown(); }

 private:
  std::unique_ptr<BackEnd> inner_;
  Step step_;
};

}  // namespace

std::unique_ptr<BackEnd> with_steps(std::unique_ptr<BackEnd> back_end, Step step) {
  return std::make_unique<StepBackEnd>(std::move(back_end), std::move(step));
}

}  // namespace simswarm::store
