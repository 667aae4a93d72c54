/**
 * Goal: holders stay in the order in which they came, whoever leaves when.
 * Method: random arrivals and departures, compared with an array.
 */
import { expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { HolderList } from '../../src/locks/holder-list.ts';
import { Task } from '../../src/runtime/task.ts';

const contents = (list: HolderList): Task[] => {
  const tasks: Task[] = [];
  list.some((task) => {
    tasks.push(task);
    return false;
  });
  return tasks;
};

test.each([1, 2, 3])('the same as an array, seed %i', (seed) => {
  const random = new Prng(seed);
  const tasks = Array.from({ length: 40 }, (_, id) => new Task(id, `t${id}`, null, false));
  const list = new HolderList();
  let model: Task[] = [];
  for (let step = 0; step < 4000; step++) {
    // It grows to some hundreds, then it shrinks to nothing, mostly from the front.
    const grows = Math.floor(step / 500) % 2 === 0;
    if (model.length === 0 || (grows ? !random.oneIn(8) : random.oneIn(8))) {
      const task = random.pick(tasks);
      list.push(task);
      model.push(task);
    } else {
      const task = random.oneIn(4) ? random.pick(model) : model[0]!;
      list.remove(task);
      model = model.toSpliced(model.indexOf(task), 1);
    }
    expect(list.length).toBe(model.length);
    if (step % 25 === 0) expect(contents(list)).toEqual(model);
    expect(list.includes(tasks[step % tasks.length]!)).toBe(model.includes(tasks[step % tasks.length]!));
  }
  expect(list.some((task) => task === model.at(-1))).toBe(model.length > 0);
});
