"""A Q-learning agent on a small track, with predict and train_on_batch and a memory of what happened."""

import random
from collections import deque

import numpy as np
from tensorflow.keras.layers import Dense
from tensorflow.keras.models import Sequential
from tensorflow.keras.optimizers import Adam

random.seed(13)
np.random.seed(13)
LENGTH = 6


class Track:
    def reset(self):
        self.place = 0
        return self._state()

    def _state(self):
        return np.eye(LENGTH, dtype="float32")[self.place]

    def step(self, action):
        self.place = min(max(self.place + (1 if action == 1 else -1), 0), LENGTH - 1)
        done = self.place == LENGTH - 1
        return self._state(), 1.0 if done else -0.05, done


class Agent:
    def __init__(self):
        self.memory = deque(maxlen=500)
        self.epsilon = 1.0
        self.model = Sequential()
        self.model.add(Dense(16, input_dim=LENGTH, activation="relu"))
        self.model.add(Dense(2, activation="linear"))
        self.model.compile(loss="mse", optimizer=Adam(learning_rate=0.02))

    def act(self, state):
        if np.random.rand() <= self.epsilon:
            return random.randrange(2)
        return int(np.argmax(self.model.predict(state[None], verbose=0)[0]))

    def replay(self, size=16):
        batch = random.sample(list(self.memory), size)
        states = np.array([b[0] for b in batch])
        following = np.array([b[3] for b in batch])
        targets = self.model.predict(states, verbose=0)
        future = self.model.predict(following, verbose=0).max(axis=1)
        for i, (_, action, reward, _, done) in enumerate(batch):
            targets[i, action] = reward if done else reward + 0.9 * future[i]
        return self.model.train_on_batch(states, targets)


env, agent, losses = Track(), Agent(), []
for episode in range(25):
    state = env.reset()
    for _ in range(30):
        action = agent.act(state)
        after, reward, done = env.step(action)
        agent.memory.append((state, action, reward, after, done))
        state = after
        if len(agent.memory) > 16:
            losses.append(agent.replay())
        if done:
            break
    agent.epsilon = max(agent.epsilon * 0.85, 0.05)
q = agent.model.predict(np.eye(LENGTH, dtype="float32"))
print("values:", q.shape, q.dtype)
print("losses are numbers:", all(np.ndim(loss) == 0 for loss in losses))
print("goes right:", np.argmax(q[:-1], axis=1).tolist())
