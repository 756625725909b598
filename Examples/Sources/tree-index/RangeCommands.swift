import ArgumentParser
import CairnTree
import CommandSupport
import FoundationSupport

/// The lines from one on and below another.
struct RangeOptions: ParsableArguments {
  @Argument(help: "The line with which the range begins.")
  var low: ArgumentBytes

  @Argument(help: "The line before which it ends.")
  var high: ArgumentBytes

  func ask<Answer>(_ question: (RawSpan, RawSpan) throws -> Answer) throws -> Answer {
    try low.asKey { low in try high.asKey { high in try question(low, high) } }
  }
}

struct CountCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "count",
    abstract: "Print the number of lines in a range.")

  @OptionGroup var index: IndexOptions
  @OptionGroup var range: RangeOptions

  func run() throws {
    let lines = try index.read()
    try index.answer("count", try range.ask { try lines.count(from: $0, to: $1) })
  }
}

struct SumCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sum",
    abstract: "Print the sum of the weights of the lines in a range.")

  @OptionGroup var index: IndexOptions
  @OptionGroup var range: RangeOptions

  func run() throws {
    let lines = try index.read()
    try index.answer("sum", try range.ask { try lines.weight(from: $0, to: $1) })
  }
}
