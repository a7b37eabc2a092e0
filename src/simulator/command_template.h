// Words with placeholders: «--nodes={nodes}».
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/run.h"

namespace simswarm {

// What a placeholder stands for. A parameter of the study called «seed» goes before the seed of the repetition.
enum class Slot { kParameter, kSeed, kRepetition, kRun, kName, kPoint, kResults };

struct Piece {
  std::string literal;  // goes before the placeholder
  std::string name;     // of the placeholder; empty: there is none
  Slot slot = Slot::kParameter;
};

class Template {
 public:
  Template() = default;
  // `where` names the word in errors («the command»).
  [[nodiscard]] static Result<Template> parse(std::string_view text, std::string_view where,
                                              const std::vector<std::string>& parameters);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
  [[nodiscard]] bool uses(Slot slot) const;
  [[nodiscard]] bool uses_parameter(std::string_view name) const;
  // Differs from run to run.
  [[nodiscard]] bool varies() const;

  // `fill(piece)` gives the text of its placeholder.
  template <typename Fill>
  [[nodiscard]] std::string render(const Fill& fill) const {
    std::string text;
    for (const Piece& piece : pieces_) {
      text += piece.literal;
      if (!piece.name.empty()) text += fill(piece);
    }
    return text;
  }

 private:
  std::string text_;
  std::vector<Piece> pieces_;
};

// The value of a parameter in a run; empty where the run has none of this name.
[[nodiscard]] std::string_view value_in(const Run& run, std::string_view parameter);

}  // namespace simswarm
