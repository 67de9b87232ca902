"""Linear regression with tf.Module and Variables, by hand, as in TensorFlow's guide on training loops."""

import tensorflow as tf

TRUE_W, TRUE_B = 3.0, 2.0
x = tf.linspace(-2, 2, 201)
x = tf.cast(x, tf.float32)


class MyModel(tf.Module):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.w = tf.Variable(5.0)
        self.b = tf.Variable(0.0)

    def __call__(self, x):
        return self.w * x + self.b


y = x * TRUE_W + TRUE_B
model = MyModel()
print("variables:", len(model.variables))


def loss(target_y, predicted_y):
    return tf.reduce_mean(tf.square(target_y - predicted_y))


def train(model, x, y, learning_rate):
    with tf.GradientTape() as t:
        current_loss = loss(y, model(x))
    dw, db = t.gradient(current_loss, [model.w, model.b])
    model.w.assign_sub(learning_rate * dw)
    model.b.assign_sub(learning_rate * db)


print("at first: w = {:1.2f}, b = {:1.2f}, loss = {:2.3f}".format(model.w.numpy(), model.b.numpy(), loss(y, model(x))))
for epoch in range(10):
    train(model, x, y, learning_rate=0.1)
    print("epoch {}: w = {:1.2f}, b = {:1.2f}, loss = {:2.3f}".format(
        epoch, model.w.numpy(), model.b.numpy(), loss(y, model(x))))
