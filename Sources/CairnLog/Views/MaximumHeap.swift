/// Numbers of which the largest is taken out first, each once however often it was put in.
struct MaximumHeap {
  private var numbers: [UInt32]

  init(_ numbers: [UInt32]) {
    // Descending order is a heap.
    self.numbers = numbers.sorted(by: >)
  }

  mutating func insert(_ number: UInt32) {
    numbers.append(number)
    var index = numbers.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard numbers[parent] < numbers[index] else { return }
      numbers.swapAt(parent, index)
      index = parent
    }
  }

  mutating func removeMaximum() -> UInt32? {
    guard let maximum = numbers.first else { return nil }
    while numbers.first == maximum { removeFirst() }
    return maximum
  }

  private mutating func removeFirst() {
    let last = numbers.removeLast()
    guard !numbers.isEmpty else { return }
    numbers[0] = last
    var index = 0
    while true {
      var child = 2 * index + 1
      guard child < numbers.count else { return }
      if child + 1 < numbers.count, numbers[child + 1] > numbers[child] { child += 1 }
      guard numbers[child] > numbers[index] else { return }
      numbers.swapAt(child, index)
      index = child
    }
  }
}
