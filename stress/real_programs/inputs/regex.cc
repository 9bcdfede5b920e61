// What the g++ case compiles: a header that makes the compiler allocate hundreds of megabytes.
#include <iostream>
#include <map>
#include <regex>
#include <string>

int main() {
  const std::regex word("([a-z]+)([0-9]*)");
  const std::string text = "one1 two22 three333 four five5";
  std::map<std::string, std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), word), end; it != end; ++it) {
    found[(*it)[1]] = (*it)[2];
  }
  for (const auto& [name, digits] : found) std::cout << name << '=' << digits << '\n';
  std::cout << std::regex_replace(text, word, "<$1>") << '\n';
}
